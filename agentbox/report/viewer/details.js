// What one event says, in full: built when it is picked.

// A button that goes to another event; without one it is plain text.
function to(row, label, focus = '') {
  if (!row) return el('span', oneLine(label, 200));
  return button(oneLine(label, 200), () => go(row, { focus, remember: true }), 'to');
}
const toPlace = (at, label = '') => to(rowAt(page.trace, at), label || short(at));

function details(row) {
  const family = row.kind.split('.')[0];
  const build = PAGES[row.kind] ?? PAGES[family] ?? anyEvent;
  const [title, known, ...rest] = [build(row)].flat(Infinity);
  const beside = row === page.trace.run ? [...rest, sideBySide(row)] : [sideBySide(row), ...rest];
  return [crumbs(row), title, known, ...beside, raw(row)].filter(Boolean);
}

function crumbs(row) {
  const back = button('Back to the events', () => reading(false), 'small');
  back.classList.add('back');
  return el(
    'div.crumbs',
    back,
    el('span', oneLine(row.at || '(no position)', 300)),
    row.clock ? el('span', `now + ${row.clock} s`) : null,
    el(
      'span.step',
      button('Previous', () => move(-1), 'small'),
      button('Next', () => move(1), 'small'),
    ),
  );
}

function raw(row) {
  const shown = (event) => {
    const prompt = event.kind === 'model.request' ? page.trace.prompts[row.i] : null;
    if (!prompt) return event;
    const tables = Object.fromEntries(
      ['tools', 'slots', 'output']
        .filter((name) => name in event)
        .map((name) => [name, page.trace.tables[event[name]]]),
    );
    const fresh = page.trace.logs[prompt.log].slice(prompt.from, prompt.size);
    return { ...event, ...tables, new: fresh.map((one) => one.from ?? one) };
  };
  return section(
    'In the trace',
    [row.first, row.last]
      .filter(Boolean)
      .map((event) => disclosure(`${oneLine(event.kind, 80)} as recorded`, () => jsonBlock(shown(event)))),
  );
}

// -- the run -------------------------------------------------------------------------------------

function standing(trace) {
  const known = str(map(list(map(trace.start.scenario).cases)[0]).known_failure);
  const outcome = str(trace.end.outcome) || 'no verdict';
  if (known && outcome === 'failed') return { mark: 'limit', words: 'known failure', known };
  if (known && outcome === 'passed') return { mark: 'bad', words: 'unexpected pass', known };
  return { mark: OUTCOMES[outcome] ?? 'open', words: outcome, known };
}

function overview() {
  const { trace } = page;
  const { start, end } = trace;
  const { mark, words: word, known } = standing(trace);
  const scenario = map(start.scenario);
  return [
    el('h2', visible(str(start.case) || '(no header: the case is unknown)')),
    facts(
      chip(mark, word),
      end.end ? `ended ${str(end.end)}` : '',
      str(scenario.path),
      trace.moment,
      start.seed === undefined ? '' : `seed ${str(start.seed)}`,
      start.agentbox ? `agentbox ${str(start.agentbox)}` : '',
    ),
    scenario.description ? el('p.lead', visible(str(scenario.description))) : null,
    page.focus ? focused(scenario, page.focus) : null,
    known ? el('div.callout.limit', el('h4', 'Known failure'), visible(known)) : null,
    trace.sealed ? null : el('div.callout.limit', 'The trace is not sealed: the run was cut short.'),
    list(end.problems).map((one) => el('div.callout.bad', visible(str(one)))),
    trace.problems.map((one) => el('div.callout.limit', visible(str(one.message)))),
    comparison(),
    section('Checks', checkCards(trace)),
    section('Used', used(trace.stats)),
    section(
      'In flight when it ended',
      trace.rows
        .filter((one) => one.mark === 'open')
        .map((one) => el('div', to(one, `${short(one.at)} ${says(one).who}`))),
    ),
    section(
      'Findings',
      cards(trace.rows.filter((one) => one.kind === 'finding').map((one) => findingCard(one))),
    ),
    section(
      'Servers',
      cards(
        trace.rows.filter((one) => one.kind === 'server.start' || one.kind === 'server.died').map(serverCard),
      ),
    ),
    section('Plan', planStory(trace, null)),
    section(
      'Scenario',
      disclosure('as it was played', () => jsonBlock(scenario)),
    ),
  ];
}

// The value of a scenario that a segment was filled from: `context.customer`.
function focused(scenario, path) {
  let value = scenario;
  for (const key of path.split('.')) value = map(value)[key];
  return el(
    'div.callout',
    el('h4', visible(path), ' in the scenario'),
    value === undefined ? 'not there' : typeof value === 'string' ? prose(value) : jsonBlock(value),
  );
}

const cards = (nodes) => (nodes.length ? el('div.cards', nodes) : null);
const checkCards = (trace) => cards(trace.rows.filter((one) => one.kind === 'check.result').map(checkCard));

function checkCard(row) {
  const { first } = row;
  const word =
    first.outcome === 'failed' && first.level === 'warn' ? 'warning' : str(first.outcome) || 'no outcome';
  const on = str(first.on);
  return el(
    row.mark === 'bad' ? 'div.card.bad' : 'div.card',
    el(
      'div.head',
      chip(row.mark, word),
      el('strong', visible(str(first.claim) || str(first.check))),
      first.turn ? el('span.dot', `turn ${str(first.turn)}`) : null,
      on ? toPlace(on, `evidence at ${short(on)}`) : null,
    ),
    first.message ? el('p', visible(str(first.message))) : null,
  );
}

const findingCard = (row) =>
  el(
    'div.card',
    el(
      'div.head',
      chip('odd', str(row.first.code) || 'finding'),
      to(row, [row.first.server, row.first.tool].map(str).filter(Boolean).join(' · ') || 'the run'),
    ),
    el('p', visible(str(row.first.message))),
  );

function serverCard(row) {
  return el(
    row.mark === 'bad' ? 'div.card.bad' : 'div.card',
    el(
      'div.head',
      chip(row.mark, row.kind === 'server.died' ? 'died' : row.last ? 'ready' : 'not ready'),
      el('strong', to(row, str(row.first.server))),
    ),
    identity(row),
  );
}

function identity(row) {
  const ready = row.last ?? {};
  return pairs([
    ['program', str(row.first.command ?? row.first.url ?? row.first.memory)],
    ['calls itself', [ready.name, ready.version].map(str).join(' ').trim()],
    [
      'protocol',
      [ready.protocol, ready.era ?? row.first.era, row.first.transport].map(str).filter(Boolean).join(' · '),
    ],
    ['tools', ready.tools_hash ? `${str(ready.tools)}, hash ${str(ready.tools_hash)}` : str(ready.tools)],
    ['sandbox', str(row.first.sandbox)],
    ['exit', str(row.first.exit)],
  ]);
}

const money = (value) => (typeof value === 'number' ? `$${value.toFixed(4)}` : 'unknown');
const figure = (value) => (typeof value === 'number' ? value.toLocaleString('en') : 'unknown');

function used(stats) {
  const items = [
    ['Turns', figure(stats.turns)],
    ['Model calls', figure(stats.steps)],
    ['Tool calls', figure(stats.tool_calls)],
    ['Tokens', figure(stats.tokens)],
    ['Cost', money(stats.cost_usd)],
    ['Virtual time', `${figure(stats.virtual_seconds)} s`],
  ];
  return el(
    'dl.totals-grid',
    items.map(([name, value]) => el('div', el('dt', name), el('dd', value))),
  );
}

// -- a tool call ---------------------------------------------------------------------------------

function toolCall(row) {
  const { first, last, at } = row;
  const { trace } = page;
  const asked = proposal(row);
  const server = trace.rows.find(
    (one) => one.kind === 'server.start' && one.first.server === str(first.tool).split('.')[0],
  );
  const inside = trace.rows.filter((one) => one.at.startsWith(`${at}/`) || (one.at === at && one !== row));
  const refused = inside.find((one) => one.kind === 'budget.refused');
  const status = last ? str(last.status) || 'no status' : refused ? 'not run' : 'no answer';
  const source = str(last?.source);
  return [
    el('h2', visible(str(first.tool) || 'unknown tool')),
    facts(
      chip(row.mark || 'good', source && source !== 'tool' ? `${status} (${source})` : status),
      asked.row
        ? to(asked.row, `asked at ${short(asked.row.at)}`)
        : at.startsWith('h:')
          ? 'asked by the harness'
          : '',
    ),
    section('Arguments, as proposed', proposed(first, asked.call)),
    source === 'schema' ? section('Validation', el('div.callout.bad', prose(str(last.text)))) : null,
    section(
      'What happened in it',
      inside.map((one) =>
        el('div', one.mark ? shape(one.mark) : null, ' ', to(one, `${says(one).who}: ${says(one).text}`)),
      ),
    ),
    retrieval(map(last?.meta)['agentbox/retrieval']),
    result(row, source),
    server ? section('Server', cards([serverCard(server)])) : null,
  ];
}

// The call as the model wrote it, which the request may have changed.
function proposal(row) {
  const found = /^(.*)\/call(\d+)$/.exec(row.at);
  const model = found ? page.trace.places.get(found[1]) : null;
  return { row: model, call: found ? maps(model?.last?.calls)[Number(found[2]) - 1] : null };
}

function proposed(first, call) {
  const written = str(first.malformed) || str(call?.malformed);
  if (written) return el('div.callout.bad', 'No JSON object: ', prose(written));
  const changed = call && !same(map(call.args), map(first.args));
  const names = Object.keys(map(first.args));
  const run = names.length ? jsonBlock(first.args) : el('p.dot', 'none');
  return changed ? [jsonBlock(call.args), el('h3', 'Arguments, as run'), run] : run;
}

function result(row, source) {
  const { last } = row;
  if (!last) return section('Result', el('p.open', 'none: it was in flight when the trace ended'));
  const text = str(last.text);
  const asJson = parsedText(text);
  const equal = asJson !== undefined && same(asJson, last.structured);
  const meta = Object.entries(map(last.meta)).filter(([key]) => key !== 'agentbox/retrieval');
  return [
    source === 'schema'
      ? null
      : section(
          equal ? 'Result, as text and as structured content' : 'Result',
          text
            ? asJson === undefined
              ? block(text)
              : [jsonBlock(asJson), disclosure('as the model reads it', () => block(text))]
            : el('p.dot', 'no text'),
          blocks(last.parts),
        ),
    last.structured === undefined || last.structured === null || equal
      ? null
      : section('Structured content', jsonBlock(last.structured)),
    meta.length ? section('Meta', jsonBlock(Object.fromEntries(meta))) : null,
    detail(last),
  ];
}

// -- retrieval -----------------------------------------------------------------------------------

function retrieval(value) {
  const found = map(value);
  const candidates = maps(found.candidates);
  if (!candidates.length) return null;
  const body = el('tbody');
  let above = true;
  for (const one of candidates) {
    if (above && !one.kept && body.children.length)
      body.append(
        el(
          'tr.cut',
          span(
            `the cut: ${candidates.filter((each) => each.kept).length} of ${candidates.length} kept, what is below was not shown to the model`,
            5,
          ),
        ),
      );
    if (!one.kept) above = false;
    body.append(
      el(
        one.kept ? 'tr' : 'tr.dropped',
        el('td.number', str(one.rank)),
        el('td.data', visible(str(one.id))),
        el('td.number', str(one.score)),
        el('td', one.kept ? 'kept' : 'not kept'),
        el('td', visible(str(one.source))),
      ),
    );
  }
  const head = el(
    'thead',
    el(
      'tr',
      el('th.number', 'Rank'),
      el('th', 'Id'),
      el('th.number', 'Score'),
      el('th', 'Kept'),
      el('th', 'Source'),
    ),
  );
  return section(
    'Retrieval',
    el(
      'p.asked',
      'query ',
      el('code', visible(str(found.query))),
      found.k === undefined ? '' : ` · k ${str(found.k)}`,
    ),
    el('div.scroll', el('table', head, body)),
  );
}
function span(text, columns) {
  const cell = el('td', text);
  cell.colSpan = columns;
  return cell;
}

// -- plans ---------------------------------------------------------------------------------------

function plan(row) {
  const { first } = row;
  const head =
    row.kind === 'plan.step'
      ? [
          el('h2', `Plan step ${oneLine(str(first.id), 60)}`),
          facts(chip(first.status === 'done' ? 'good' : row.mark, str(first.status))),
          section('Goal', el('p', visible(str(first.goal)))),
          section('Evidence expected', el('p', visible(str(first.evidence)))),
          section('What it found', prose(str(first.finding), 'div.words')),
        ]
      : [
          el('h2', row.kind === 'plan.revised' ? 'Plan revised' : 'Plan made'),
          row.kind === 'plan.revised'
            ? facts(chip('limit', `because step ${str(first.because)} failed`))
            : null,
        ];
  return [head, section('The plan and its revisions', planStory(page.trace, row))];
}

// Each plan with what came of its steps; a revision with what it kept, added and dropped.
function planStory(trace, row) {
  const versions = [];
  for (const one of trace.rows.filter((each) => each.kind.startsWith('plan.'))) {
    if (one.kind !== 'plan.step') versions.push({ row: one, steps: maps(one.first.steps), done: new Map() });
    else versions.at(-1)?.done.set(str(one.first.id), one);
  }
  return cards(versions.map((version, k) => planCard(version, versions[k - 1], row)));
}

function planCard(version, earlier, row) {
  const { first } = version.row;
  const added = new Set(list(first.added).map(str));
  const dropped = new Set(list(first.dropped).map(str));
  const gone = (earlier?.steps ?? []).filter((step) => dropped.has(str(step.id)));
  const here = row && (version.row === row || [...version.done.values()].includes(row));
  const title =
    earlier && version.row.kind === 'plan.revised'
      ? `Revised at ${short(version.row.at)}, because of ${str(first.because)}`
      : `Made at ${short(version.row.at)}`;
  return el(
    here ? 'div.card.now' : 'div.card',
    el('div.head', el('strong', to(version.row, title))),
    el(
      'ol.steps',
      gone.map((step) =>
        el(
          'li.gone',
          el('span.sign', '−'),
          el('span', el('s', visible(`${str(step.id)} ${str(step.goal)}`))),
        ),
      ),
      version.steps.map((step) =>
        planStep(step, version.done.get(str(step.id)), earlier ? added.has(str(step.id)) : false),
      ),
    ),
  );
}

function planStep(step, done, isAdded) {
  const mark = done ? (done.first.status === 'done' ? 'good' : 'bad') : 'open';
  const label = `${str(step.id)} ${str(step.goal)}`;
  return el(
    isAdded ? 'li.added' : 'li',
    isAdded && !done ? el('span.sign', '+') : shape(mark),
    el(
      'span',
      isAdded && done ? '+ ' : '',
      done ? to(done, label) : visible(label),
      el('small', visible(done ? str(done.first.finding) : 'not run')),
    ),
  );
}

// -- the rest ------------------------------------------------------------------------------------

function anyEvent(row) {
  const { who } = says(row);
  const told = [row.first, row.last].filter(Boolean).map((event) => pairs(Object.entries(content(event))));
  return [
    el('h2', who),
    facts(row.mark ? chip(row.mark, MARK_WORDS[row.mark]) : '', row.kind, row.at ? enclosing(row) : ''),
    section('What it says', told),
    detail(row.first),
  ];
}
function enclosing(row) {
  const parent = row.at.includes('/') ? rowAt(page.trace, row.at.slice(0, row.at.lastIndexOf('/'))) : null;
  return parent && parent !== row ? to(parent, `in ${short(parent.at)}`) : '';
}

function user(row) {
  const text = str(row.last?.text);
  return [
    el('h2', 'The user'),
    facts(`turn ${turnOf(row.at).slice(1)}`),
    text
      ? el('p.lead', visible(text))
      : el('p.dot', row.last ? 'has nothing more to say' : 'was asked, and did not answer'),
  ];
}

function check(row) {
  const on = str(row.first.on);
  return [
    el('h2', visible(str(row.first.claim) || str(row.first.check))),
    facts(
      chip(row.mark, str(row.first.outcome)),
      str(row.first.check),
      row.first.turn ? `turn ${str(row.first.turn)}` : 'the whole run',
      row.first.level ? `level ${str(row.first.level)}` : '',
    ),
    row.first.message ? el('p.lead', visible(str(row.first.message))) : null,
    on ? section('Evidence', toPlace(on, on)) : null,
  ];
}

function serverPage(row) {
  const { first } = row;
  const stderr = str(map((row.last ?? first).side).stderr) || str(map(first.side).stderr);
  return [
    el('h2', visible(`Server ${str(first.server)}`)),
    facts(row.mark ? chip(row.mark, row.mark === 'open' ? 'never got ready' : row.kind) : '', row.kind),
    section('Identity', identity(row)),
    stderr ? section('Its stderr', block(stderr)) : null,
  ];
}

const PAGES = {
  'run.start': overview,
  'model.request': modelCall,
  'tool.request': toolCall,
  'user.request': user,
  'check.result': check,
  'server.start': serverPage,
  'server.died': serverPage,
  plan,
};
