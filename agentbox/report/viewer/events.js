// From a trace's events to rows: a request and its result are one row, in the order of requests.
// A trace is data from anywhere: each field is taken by its type, another type counts as missing.

const index = JSON.parse(document.getElementById('index').textContent);
const UNSAFE = new RegExp(index.unsafe, 'gu');

const str = (value) =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : compact(value);
const map = (value) => (value && typeof value === 'object' && !Array.isArray(value) ? value : {});
const list = (value) => (Array.isArray(value) ? value : []);
const maps = (value) => list(value).filter((one) => one && typeof one === 'object' && !Array.isArray(one));
const count = (n, noun) => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;

// Integers beyond 2**53 keep their digits where the browser shows the parser's source.
function parse(text) {
  if (!/[:,[]\s*-?\d{16}/.test(text)) return JSON.parse(text);
  const exact = (key, value, context) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context.source)
      : value;
  return JSON.parse(text, exact);
}

// JSON in one line, of about `room` characters at most; never deeper than can be read.
function compact(value, room = 240, depth = 0) {
  if (typeof value === 'string')
    return JSON.stringify(value.length > room ? `${value.slice(0, room)}…` : value);
  if (value === null || typeof value !== 'object') return String(value);
  const isList = Array.isArray(value);
  const parts = [];
  for (const key of Object.keys(value)) {
    if (room <= 0 || depth > 8) {
      parts.push('…');
      break;
    }
    const part = (isList ? '' : `${JSON.stringify(key)}: `) + compact(value[key], room, depth + 1);
    room -= part.length;
    parts.push(part);
  }
  return isList ? `[${parts.join(', ')}]` : `{${parts.join(', ')}}`;
}

// What drives a terminal, turns text around or hides in it is shown as its escape.
function escaped(char) {
  if (char === '\n') return '\\n';
  if (char === '\r') return '\\r';
  const point = char.codePointAt(0);
  const [letter, digits] = point < 256 ? ['x', 2] : point < 65536 ? ['u', 4] : ['U', 8];
  return `\\${letter}${point.toString(16).padStart(digits, '0')}`;
}
const oneLine = (text, room = 400) =>
  text.slice(0, room).replace(/[\s]+/g, ' ').trim().replace(UNSAFE, escaped);

// -- positions -----------------------------------------------------------------------------------

const short = (at) => {
  const [head, ...rest] = at.split('/');
  const actor = /^[uh]:/.test(head) ? head.slice(0, 2) : '';
  return rest.length ? actor + rest.join('/') : at;
};
const turnOf = (at) => (at.startsWith('h:') ? '' : (/^[^/]*\/(t\d+)(?:\/|$)/.exec(at)?.[1] ?? ''));
const depthOf = (at) => (/\/call\d+\/./.test(at) ? 2 : /\/call\d+$/.test(at) ? 1 : 0);

// -- kinds ---------------------------------------------------------------------------------------

const PAIRS = { request: 'result', start: 'ready' };
const ALONE = new Set(['run.start']);
// Kinds that tell people little; "All events" shows them.
const QUIET = new Set([
  'clock.read',
  'mcp.frame',
  'run.ready',
  'scope.enter',
  'scope.leave',
  'seal',
  'server.stop',
]);
const LANES = {
  check: 'harness',
  run: 'harness',
  seal: 'harness',
  observe: 'harness',
  finding: 'harness',
  user: 'user',
};
const MARKS = {
  'budget.refused': 'limit',
  'context.full': 'limit',
  'context.truncated': 'limit',
  'tool.truncated': 'limit',
  'server.died': 'bad',
  finding: 'odd',
  injection: 'odd',
  'tools.changed': 'odd',
  fault: 'odd',
  recovery: 'good',
};
const OUTCOMES = { passed: 'good', failed: 'bad', errored: 'bad' };
const ENDS = { limit: 'limit', failed: 'bad', refused: 'odd' };
const STATUSES = { ok: '', denied: 'odd', unknown: 'odd' };
const MARK_WORDS = {
  bad: 'failed, or a check said no',
  limit: 'a limit, or something was cut off',
  odd: 'injected, denied, found odd',
  open: 'in flight: never answered',
  good: 'a check said yes, or recovered',
  dot: 'as it should be',
};

// What an operation came to, as a shape and a colour.
const JUDGES = {
  model: (row) =>
    row.last?.error !== undefined ? 'bad' : row.last?.stop && row.last.stop !== 'end' ? 'limit' : '',
  tool: (row) =>
    row.kind === 'tool.truncated' ? '' : (STATUSES[str((row.last ?? row.first).status)] ?? 'bad'),
  check: (row) =>
    row.first.outcome === 'failed' && row.first.level === 'warn'
      ? 'limit'
      : (OUTCOMES[row.first.outcome] ?? 'bad'),
  scope: (row) => ENDS[map(row.first.end).reason] ?? '',
  observe: (row) => (row.last?.error ? 'bad' : ''),
  plan: (row) => (row.first.status === 'failed' ? 'bad' : row.kind === 'plan.revised' ? 'limit' : ''),
  approval: (row) => (row.first.yes === false ? 'odd' : ''),
};

function markOf(row) {
  const family = row.kind.split('.')[0];
  if (row.kind === 'run.end') return OUTCOMES[row.first.outcome] ?? 'bad';
  if (row.opens && !row.last) return 'open';
  return (JUDGES[family] ?? (() => ''))(row) || MARKS[row.kind] || MARKS[family] || '';
}

// What happens in a call happens in its lane; `calls` are the rows of calls by position.
function laneOf(row, servers, calls) {
  const call = row.kind.startsWith('tool.') ? null : calls.get(/^c:.*?\/call\d+/.exec(row.at)?.[0]);
  if (call) return laneOf(call, servers, calls);
  const family = row.kind.split('.')[0];
  const named = str(row.first.server) || (family === 'tool' ? str(row.first.tool).split('.')[0] : '');
  if (family === 'tool' && row.at.startsWith('h:')) return 'harness';
  if (family === 'tool') return servers.has(named) ? `server ${named}` : 'tools';
  if (named && family !== 'finding') return `server ${named}`;
  return (
    LANES[family] ??
    (row.at.startsWith('u:') ? 'user' : row.at.startsWith('h:') || !row.at ? 'harness' : 'agent')
  );
}

function isQuiet(row) {
  if (row.kind === 'scope.leave') return row.mark === '';
  if (row.kind === 'server.stop') {
    const side = map(row.first.side);
    return !side.killed && (side.exit ?? 0) === 0;
  }
  if (row.kind === 'user.request') return Boolean(row.last) && !str(row.last.text);
  return QUIET.has(row.kind);
}

// -- a trace -------------------------------------------------------------------------------------

function openTrace(number) {
  const data = parse(document.getElementById(`trace${number}`).textContent);
  const { events } = data;
  const servers = new Set(events.filter((e) => str(e.kind).startsWith('server.')).map((e) => str(e.server)));
  const rows = [];
  const open = new Map();
  events.forEach((event, i) => {
    const [family, verb] = str(event.kind).split('.');
    const key = `${event.at} ${family} ${verb}`;
    const waiting = open.get(key);
    if (waiting) {
      waiting.last = event;
      waiting.end = i;
      open.delete(key);
      return;
    }
    const row = { n: rows.length, i, end: i, at: event.at, kind: event.kind, first: event, last: null };
    row.opens = PAIRS[verb] !== undefined && !ALONE.has(event.kind);
    if (row.opens) open.set(`${event.at} ${family} ${PAIRS[verb]}`, row);
    rows.push(row);
  });
  const calls = new Map(rows.filter((row) => row.kind === 'tool.request').map((row) => [row.at, row]));
  for (const row of rows) {
    row.mark = markOf(row);
    row.lane = laneOf(row, servers, calls);
    row.quiet = isQuiet(row);
    row.clock = clockOf(row.first);
  }
  spread(rows);
  measure(events, rows);
  const places = new Map();
  for (const row of rows)
    if (!places.has(row.at) || (places.get(row.at).quiet && !row.quiet)) places.set(row.at, row);
  const start = events.find((e) => e.kind === 'run.start') ?? {};
  const end = events.find((e) => e.kind === 'run.end') ?? {};
  const run = rows.find((row) => row.kind === 'run.start') ?? rows[0];
  const sealed = events.length > 0 && events[events.length - 1].kind === 'seal';
  return {
    ...data,
    number,
    rows,
    places,
    start,
    end,
    run,
    sealed,
    lanes: lanesOf(rows),
    decks: decksOf(rows),
    texts: null,
  };
}

const clockOf = (event) => (typeof event.clock === 'number' ? event.clock : 0);

// By how much virtual time moved with each operation: before it began, or until it ended.
function measure(events, rows) {
  const moved = events.map((event, i) =>
    i && event.kind !== 'seal' ? Math.max(0, clockOf(event) - clockOf(events[i - 1])) : 0,
  );
  for (const row of rows) row.moved = moved[row.i] + (row.last ? moved[row.end] : 0);
}

const DECKS = 3;

// Operations of one lane that overlap lie on decks of their own.
function spread(rows) {
  const taken = new Map(); // lane -> the event that ends each deck
  for (const row of rows) {
    if (!taken.has(row.lane)) taken.set(row.lane, []);
    const ends = taken.get(row.lane);
    const free = ends.findIndex((end) => end < row.i);
    row.deck = (free < 0 ? ends.length : free) % DECKS;
    ends[free < 0 ? ends.length : free] = row.end;
  }
}

const LANE_ORDER = ['user', 'agent', 'tools', 'server', 'harness'];
const laneClass = (lane) => (lane.startsWith('server ') || lane === 'tools' ? 'server' : lane);

function decksOf(rows) {
  const decks = new Map();
  for (const row of rows) decks.set(row.lane, Math.max(decks.get(row.lane) ?? 1, row.deck + 1));
  return decks;
}

function lanesOf(rows) {
  const found = [...new Set(rows.map((row) => row.lane))];
  const rank = (lane) => LANE_ORDER.indexOf(lane.split(' ')[0]);
  return found.sort((a, b) => rank(a) - rank(b));
}

// What a position names, or the nearest that encloses it; a turn is named by its user's words.
function rowAt(trace, at) {
  for (let place = at; place; place = place.includes('/') ? place.slice(0, place.lastIndexOf('/')) : '') {
    const row = trace.places.get(place);
    if (row) return row.quiet ? (trace.places.get(place.replace(/^c:/, 'u:')) ?? row) : row;
  }
  return null;
}

// The last row of a kind before this one.
function before(trace, row, kind, holds = () => true) {
  for (let n = row.n - 1; n >= 0; n -= 1) {
    if (trace.rows[n].kind === kind && holds(trace.rows[n])) return trace.rows[n];
  }
  return null;
}

// -- what a row says in one line -----------------------------------------------------------------

function args(call) {
  if (str(call.malformed)) return `no JSON object: ${str(call.malformed)}`;
  return Object.entries(map(call.args))
    .map(([name, value]) => `${name}=${compact(value, 120)}`)
    .join(', ');
}
const factsOf = (event) =>
  Object.entries(content(event))
    .filter(
      ([, value]) =>
        value !== null && value !== '' && compact(value, 9) !== '[]' && compact(value, 9) !== '{}',
    )
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : compact(value, 120)}`)
    .join(' · ');

const ENVELOPE = new Set(['at', 'kind', 'clock', 'h', 'seq', 'side', 'wall']);
const content = (event) => Object.fromEntries(Object.entries(event).filter(([key]) => !ENVELOPE.has(key)));

const SAYS = {
  'run.start': (row) => ['run', str(row.first.case)],
  'run.end': (row) => ['run', `ends: ${str(row.first.outcome)}, ${str(row.first.end)}`],
  'user.request': (row) => ['user', str(row.last?.text) || '(nothing more to say)'],
  'model.request': (row) => {
    const last = row.last ?? {};
    const calls = maps(last.calls)
      .map((call) => str(call.tool))
      .join(', ');
    const words = str(last.error) || str(last.text);
    const who = str(row.first.aside) || 'model';
    return [
      who,
      words || (calls && `calls ${calls}`) || (row.last ? '(nothing)' : 'no answer'),
      words ? '' : 'calls',
    ];
  },
  'tool.request': (row) => [str(row.first.tool) || 'unknown tool', args(row.first)],
  'tool.result': (row) => ['tool', str(row.first.text)],
  'tool.truncated': (row) => [
    'cut off',
    `${str(row.first.shown)} of ${str(row.first.bytes)} bytes are shown`,
  ],
  'server.start': (row) => [
    str(row.first.server),
    row.last
      ? `ready · ${[row.last.name, row.last.version].map(str).join(' ')} · ${count(Number(row.last.tools) || 0, 'tool')}`
      : 'starts',
  ],
  'server.died': (row) => [str(row.first.server), `died, exit ${str(row.first.exit)}`],
  'server.stop': (row) => [str(row.first.server), 'stopped'],
  'check.result': (row) => [
    'check',
    `${str(row.first.claim) || str(row.first.check)}${row.first.message ? ` · ${str(row.first.message)}` : ''}`,
  ],
  'observe.request': (row) => {
    const look = map(row.first.look);
    return ['look', [look.kind, look.server, look.target].map(str).filter(Boolean).join(' ')];
  },
  'plan.made': (row) => ['plan', count(list(row.first.steps).length, 'step')],
  'plan.step': (row) => [
    'plan step',
    `${str(row.first.id)} ${str(row.first.status)}: ${str(row.first.finding)}`,
  ],
  'plan.revised': (row) => [
    'plan revised',
    `because of ${str(row.first.because)}: ${count(list(row.first.added).length, 'step')} added, ${list(row.first.dropped).length} dropped`,
  ],
  fork: (row) => ['fork', `free from ${short(str(row.first.free))} on: ${str(row.first.class)}`],
  'budget.refused': (row) => ['limit', `${str(row.first.limit)} is reached`],
  'scope.leave': (row) => {
    const end = map(row.first.end);
    return ['ends', [end.reason, end.limit ?? end.error].map(str).filter(Boolean).join(': ')];
  },
  injection: (row) => ['injected', str(row.first.text)],
  finding: (row) => [
    'finding',
    [row.first.tool ?? row.first.server, row.first.message].map(str).filter(Boolean).join(': '),
  ],
};
function says(row) {
  const [who, text, look = ''] = (SAYS[row.kind] ?? (() => [row.kind, factsOf(row.first)]))(row);
  return { who: oneLine(who, 80), text: oneLine(text), look };
}

// -- search --------------------------------------------------------------------------------------

// All keys and values of a JSON value as text, without recursion: a trace may be nested deep.
function textIn(value) {
  const parts = [];
  const left = [value];
  while (left.length) {
    const one = left.pop();
    if (one === null || typeof one !== 'object') parts.push(String(one));
    else for (const key of Object.keys(one).reverse()) left.push(one[key], Array.isArray(one) ? '' : key);
  }
  return parts.join(' ').toLowerCase();
}

// A table that many prompts share is found at the first of them.
function textsOf(trace) {
  const seen = new Set();
  const fresh = (number) => (seen.has(number) ? '' : (seen.add(number), trace.tables[number] ?? ''));
  trace.texts ??= trace.rows.map((row) => {
    const first = { ...row.first };
    for (const name of row.kind === 'model.request' ? ['tools', 'slots', 'output'] : [])
      first[name] = fresh(first[name]);
    const prompt = trace.prompts[row.i];
    const messages = prompt
      ? trace.logs[prompt.log].slice(prompt.from, prompt.size).filter((one) => one.event === undefined)
      : '';
    return textIn([first, row.last, messages]);
  });
  return trace.texts;
}

function search(trace, query) {
  const wanted = query.trim().toLowerCase();
  return wanted ? textsOf(trace).flatMap((text, n) => (text.includes(wanted) ? [n] : [])) : [];
}
