// What a model saw and what it answered: its slots, its messages, each with where it came from.

// -- a model call --------------------------------------------------------------------------------

function modelCall(row) {
  const { first, last } = row;
  const { trace } = page;
  const prompt = trace.prompts[row.i];
  const slots = maps(trace.tables[first.slots]);
  const usage = map(last?.usage);
  const tools = maps(trace.tables[first.tools]);
  const who = row.at.startsWith('u:') ? 'The user’s model' : 'Model call';
  return [
    el('h2', `${who} ${oneLine(short(row.at), 80)}`),
    facts(
      row.mark
        ? chip(
            row.mark,
            row.mark === 'open' ? 'no answer' : str(last?.error) ? 'failed' : `stopped: ${str(last?.stop)}`,
          )
        : '',
      last?.model ? str(last.model) : '',
      first.aside ? `aside: ${str(first.aside)}` : '',
      tokens(usage),
      typeof usage.cost_usd === 'number' ? money(usage.cost_usd) : '',
    ),
    section(
      'What the model saw, by slot',
      slots.length ? slotTable(slots, row) : el('p.dot', 'no slot table is recorded'),
    ),
    prompt ? section(`The prompt · ${count(prompt.size, 'message')}`, messages(prompt, slots, row)) : null,
    section(
      'Tools offered',
      tools.map((tool) =>
        disclosure(
          el('code', oneLine(str(tool.name), 120)),
          () => [el('p.words', visible(str(tool.description))), jsonBlock(tool.input_schema ?? null)],
          'offered',
        ),
      ),
    ),
    first.output === undefined
      ? null
      : section('Asked for an answer of this schema', jsonBlock(trace.tables[first.output])),
    section('What it answered', answer(row)),
  ];
}

function tokens(usage) {
  const told = [
    ['input', 'in'],
    ['output', 'out'],
    ['reasoning', 'reasoning'],
    ['cached', 'cached'],
  ]
    .filter(([key]) => typeof usage[key] === 'number')
    .map(([key, word]) => `${figure(usage[key])} ${word}`);
  return told.length ? `${told.join(' + ')} tokens` : 'tokens unknown';
}

function answer(row) {
  const { last, at } = row;
  if (!last) return el('p.open', 'none: the trace ends before it');
  const calls = maps(last.calls);
  return [
    last.error === undefined ? null : el('div.callout.bad', 'The model failed: ', visible(str(last.error))),
    str(last.text) ? el('div.message.assistant', prose(str(last.text), 'div.words')) : null,
    calls.map((call, k) => callLine(call, page.trace.places.get(`${at}/call${k + 1}`))),
    blocks(last.parts),
    detail(last),
    last.error === undefined && !str(last.text) && !calls.length ? el('p.dot', 'nothing') : null,
  ];
}

function callLine(call, row) {
  return el(
    'div.call',
    row ? to(row, str(call.tool) || 'unknown tool') : el('span', visible(str(call.tool))),
    el('span.args', '(', oneLine(args(call), 1000), ')'),
    row && row.mark && row.mark !== 'dot' ? shape(row.mark) : null,
  );
}

// -- slots ---------------------------------------------------------------------------------------

const isMissing = (slot) => slot.slot === 'now' && ['absent', 'empty'].includes(slot.state);

function slotTable(slots, row) {
  const missing = slots.filter(isMissing);
  const absent = slots.filter((slot) => slot.state === 'absent' && !isMissing(slot));
  const rest = slots.filter((slot) => !missing.includes(slot) && !absent.includes(slot));
  return el(
    'div.slots',
    missing.map(missingSlot),
    rest.map((slot) => slotRow(slot, row)),
    absent.length
      ? el(
          'div.slot.others',
          el(
            'div.name',
            absent.map((slot) =>
              el('span.absent', shape('cross', 'same'), `${oneLine(str(slot.slot), 60)}: absent`),
            ),
          ),
        )
      : null,
  );
}

const missingSlot = (slot) =>
  el(
    'div.slot.missing',
    el('div.name', shape('cross', 'same'), `now: ${str(slot.state)}`),
    el('div', 'no date block stands in this prompt: the model was not told what day it is'),
  );

function slotRow(slot, row) {
  const node = el(
    'div.slot',
    el('div.name', el('span', oneLine(str(slot.slot), 60)), el('span.state', str(slot.state))),
    el('div', str(slot.text) ? prose(str(slot.text), 'div.words') : el('span.dot', 'nothing')),
    el('div.origin', originLink(slot, row)),
  );
  const state = ['filled', 'empty', 'stale', 'truncated'].find((one) => one === slot.state);
  if (state) node.classList.add(state);
  return node;
}

// Where a segment came from: the words of its origin, and the event they mean.
const ORIGINS = [
  [/^clock$/, (row) => before(page.trace, row, 'clock.read')],
  [/^scenario /, () => page.trace.run],
  [
    /^the user's turn$/,
    (row) =>
      before(page.trace, row, 'user.request', (one) => turnOf(one.at) === turnOf(row.at)) ??
      before(page.trace, row, 'user.request'),
  ],
  [/^toolboxes$/, (row) => before(page.trace, row, 'tools.changed') ?? before(page.trace, row, 'run.ready')],
  [
    /^earlier turns$/,
    (row) =>
      page.trace.rows.find(
        (one) =>
          turnOf(one.at) && one.kind === 'user.request' && one.n < row.n && turnOf(one.at) !== turnOf(row.at),
      ),
  ],
];
function originLink(slot, row) {
  const origin = str(slot.origin);
  const known = ORIGINS.find(([words]) => words.test(origin));
  const source = known ? known[1](row) : page.trace.places.get(origin);
  return origin ? to(source, origin, origin.startsWith('scenario ') ? origin.slice(9) : '') : null;
}

// -- messages ------------------------------------------------------------------------------------

const SHOWN = 12;

function messages(prompt, slots, row) {
  const log = page.trace.logs[prompt.log];
  const from = Math.max(0, prompt.size - SHOWN);
  const build = (start, end) =>
    log.slice(start, end).map((one, k) => message(one, start + k, prompt, slots, row));
  if (!from) return build(0, prompt.size);
  const more = button(`Show ${count(from - 1, 'message')} between`, () => {
    more.replaceWith(...build(1, from));
    highlight();
  });
  return [build(0, 1), from > 1 ? more : null, build(from, prompt.size)];
}

function message(entry, place, prompt, slots, row) {
  const held = entry.event === undefined ? entry : page.trace.events[entry.event];
  const role = str(entry.role) || 'unknown';
  const text = str(held.text);
  const node = el(
    'div.message',
    el(
      'header',
      el('span.role', oneLine(role, 40)),
      el('span', `${place + 1}`),
      place >= prompt.from && prompt.from > 0 ? el('span', 'new') : null,
      entry.failed ? chip('bad', 'failed') : null,
      entry.from ? toPlace(str(entry.from), `from ${short(str(entry.from))}`) : null,
    ),
    role === 'system' || role === 'user'
      ? segments(text, slots, row)
      : text
        ? prose(text, role === 'tool' ? 'pre' : 'div.words')
        : null,
    maps(held.calls).map((call, k) =>
      callLine(call, entry.from ? page.trace.places.get(`${entry.from}/call${k + 1}`) : null),
    ),
    blocks(held.parts),
  );
  if (['assistant', 'tool', 'system', 'user'].includes(role)) node.classList.add(role);
  return node;
}

// A message cut where the segments of the slot table stand in it, each with its slot and origin.
function segments(text, slots, row) {
  const pieces = [];
  let from = 0;
  for (const slot of slots) {
    const words = str(slot.text);
    const found = words ? text.indexOf(words, from) : -1;
    if (found < 0) continue;
    if (text.slice(from, found).trim()) pieces.push([null, text.slice(from, found)]);
    pieces.push([slot, words]);
    from = found + words.length;
  }
  if (text.slice(from).trim()) pieces.push([null, text.slice(from)]);
  return pieces.map(([slot, piece]) =>
    el(
      slot ? 'div.segment.tagged' : 'div.segment',
      slot ? el('div.tag', `${oneLine(str(slot.slot), 60)} · `, originLink(slot, row)) : null,
      prose(piece.trim(), 'div.words'),
    ),
  );
}

const IMAGES = /^image\/(png|jpeg|gif|webp)$/;
function blocks(value) {
  return maps(value).map((part) => {
    if (part.type !== 'image' || !IMAGES.test(str(part.mimeType))) return jsonBlock(part);
    const image = el('img.part');
    image.alt = 'an image in the message';
    image.src = `data:${part.mimeType};base64,${str(part.data)}`;
    return image;
  });
}
const detail = (event) =>
  map(event?.side).detail ? section('Detail, for people alone', block(str(event.side.detail))) : null;
