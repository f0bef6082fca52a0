// The page: the lanes, the list, the keys, the address. Only rows in sight are in the document.

const byId = (id) => document.getElementById(id);
const ROW = 34;
const SPARE = 8; // rows above and below those in sight
const page = {
  trace: null,
  number: 0,
  shown: [],
  picked: null,
  focus: '',
  all: false,
  hits: [],
  hit: -1,
  query: '',
};

// -- picking -------------------------------------------------------------------------------------

// Pick a row; `remember` makes it a step that the browser's Back undoes.
function go(row, { focus = '', remember = false, silent = false, read = true } = {}) {
  if (row.quiet && !page.all) everything(true);
  page.picked = row;
  page.focus = focus;
  byId('details').replaceChildren(...details(row));
  byId('details').scrollTop = 0;
  if (!silent) history[remember ? 'pushState' : 'replaceState'](null, '', address(row));
  if (read) reading(true);
  reveal(row);
  drawLanes();
  highlight();
}

const move = (by) => {
  const here = page.shown.indexOf(page.picked);
  const row = page.shown[Math.min(page.shown.length - 1, Math.max(0, here + by))];
  if (row) go(row, { read: document.body.classList.contains('reading') });
};

// In a small window the details lie over the list.
const reading = (yes) => document.body.classList.toggle('reading', yes);

// -- the address: #c:case/t1/s2, with the trace before it where a case alone does not name it ------

function address(row) {
  const { trace } = page;
  const root = index.traces[trace.number].root;
  const alone = index.traces.filter((one) => one.root === root).length === 1;
  const first = trace.places.get(row.at) === row && row.at ? '' : `!${row.i}`;
  return `#${alone ? '' : `${encodeURIComponent(index.traces[trace.number].name)}::`}${encodeURI(row.at)}${first}`;
}

function addressed() {
  let wanted;
  try {
    wanted = decodeURIComponent(location.hash.slice(1));
  } catch {
    return null;
  }
  const [name, position] = wanted.includes('::') ? wanted.split('::') : ['', wanted];
  const [at, event] = position.split('!');
  const root = at.split('/')[0].replace(/^[uh]:/, 'c:');
  const number = index.traces.findIndex((one) => (name ? one.name === name : one.root === root));
  return wanted && number >= 0 ? { number, at, event } : null;
}

function follow() {
  const wanted = addressed();
  const number = wanted?.number ?? page.trace?.number ?? 0;
  if (page.trace?.number !== number) load(number);
  const { trace } = page;
  const row =
    (wanted?.event &&
      trace.rows.find(
        (one) => one.i <= wanted.event && wanted.event <= one.end && one.i === Number(wanted.event),
      )) ||
    (wanted && rowAt(trace, wanted.at)) ||
    trace.run;
  if (row) go(row, { silent: true, read: Boolean(wanted) });
}

// -- a trace in the page -------------------------------------------------------------------------

function load(number) {
  page.trace = openTrace(number);
  page.hits = [];
  const { trace } = page;
  page.number = number;
  if (index.diff) compare(trace, number);
  const { mark, words: word } = standing(trace);
  const { stats } = trace;
  byId('case').textContent = oneLine(str(trace.start.case) || index.traces[number].name, 200);
  byId('picker').value = String(number);
  byId('verdict').replaceChildren(chip(mark, word));
  byId('totals').textContent = [
    count(stats.steps, 'model call'),
    count(stats.tool_calls, 'tool call'),
    stats.tokens === null ? 'tokens unknown' : count(stats.tokens, 'token'),
    stats.cost_usd === null ? 'cost unknown' : money(stats.cost_usd),
  ].join(' · ');
  byId('lanes').replaceChildren(
    ...trace.lanes.map((lane) => {
      const item = el('li', el('span', oneLine(lane.replace(/^server /, ''), 60)));
      item.classList.add(laneClass(lane));
      return item;
    }),
  );
  filter();
  if (page.query) find();
}

function filter() {
  page.shown = page.trace.rows.filter((row) => page.all || !row.quiet);
  page.shown.forEach((row, k) => {
    row.place = k;
  });
  byId('rows').style.height = `${page.shown.length * ROW}px`;
  drawn.clear();
  byId('rows').replaceChildren();
  drawRows();
}

function everything(yes) {
  page.all = yes;
  byId('everything').setAttribute('aria-pressed', String(yes));
  filter();
}

// -- the list ------------------------------------------------------------------------------------

const drawn = new Map(); // place in the list -> its element

function drawRows() {
  const box = byId('list');
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - SPARE);
  const last = Math.min(page.shown.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + SPARE);
  for (const [place, node] of drawn) {
    if (place < first || place >= last) {
      node.remove();
      drawn.delete(place);
    }
  }
  const fresh = document.createDocumentFragment();
  for (let place = first; place < last; place += 1) {
    if (!drawn.has(place)) {
      drawn.set(place, rowNode(page.shown[place], place));
      fresh.append(drawn.get(place));
    }
    dress(drawn.get(place), page.shown[place]);
  }
  byId('rows').append(fresh);
}

function rowNode(row, place) {
  const { who, text, look } = says(row);
  const body = el('span.text', text);
  if (look) body.classList.add(look);
  const node = el(
    'div.row',
    shape(row.mark || 'dot'),
    el('span.who', who),
    body,
    row.moved > 0 ? el('span.when', `+${Number(row.moved.toFixed(3))} s`) : null,
    aside(row),
    row.at.includes('/') ? el('span.at', short(row.at)) : null,
  );
  node.id = `row${row.n}`;
  node.classList.add(laneClass(row.lane), `in${depthOf(row.at)}`);
  const turn = turnOf(row.at);
  if (place && turn && turn !== turnOf(page.shown[place - 1].at)) node.classList.add('turn');
  node.setAttribute('role', 'option');
  node.setAttribute('aria-setsize', String(page.shown.length));
  node.setAttribute('aria-posinset', String(place + 1));
  node.style.transform = `translateY(${place * ROW}px)`;
  return node;
}

// What a row came to, in a word, where that is worth one.
function aside(row) {
  const status = str(row.last?.status ?? row.first.outcome);
  if (row.differs) return el('span.aside.odd', row.differs);
  if (row.mark === 'open') return el('span.aside.open', 'in flight');
  if (row.mark && status) return el(`span.aside.${row.mark}`, oneLine(status, 20));
  if (tellsNoDate(row)) return el('span.aside.bad', 'now: absent');
  const usage = map(row.last?.usage);
  const total = [usage.input, usage.output]
    .filter((one) => typeof one === 'number')
    .reduce((sum, one) => sum + one, 0);
  return total ? el('span.aside', `${figure(total)} tok`) : null;
}

// Whether nobody told the model what day it is, said once for each slot table.
function tellsNoDate(row) {
  if (row.kind !== 'model.request' || !maps(page.trace.tables[row.first.slots]).some(isMissing)) return false;
  return before(page.trace, row, 'model.request')?.first.slots !== row.first.slots;
}

function dress(node, row) {
  const picked = row === page.picked;
  node.classList.toggle('picked', picked);
  node.classList.toggle('hit', page.query !== '' && page.hitSet?.has(row.n) === true);
  node.setAttribute('aria-selected', String(picked));
}

function reveal(row) {
  const box = byId('list');
  const top = row.place * ROW;
  if (top < box.scrollTop + ROW) box.scrollTop = top - ROW;
  else if (top + 2 * ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + 2 * ROW - box.clientHeight;
  drawRows();
  box.setAttribute('aria-activedescendant', `row${row.n}`);
}

// -- the lanes: every operation a bar in its lane, by the order of events -----------------------------

const PATHS = Object.fromEntries(Object.entries(SHAPES).map(([name, d]) => [name, new Path2D(d)]));
const HEAD = 20;

function drawLanes() {
  const canvas = byId('canvas');
  const { width, height } = canvas.getBoundingClientRect();
  if (!page.trace || !width) return;
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext('2d');
  pen.scale(ratio, ratio);
  const field = { pen, width, lane: laneHeight(), x: place(width), color: colors() };
  drawGround(field, height);
  page.trace.rows.forEach((row) => {
    if (!row.quiet || page.all) drawBar(field, row);
  });
  drawMarks(field);
  drawPicked(field, height);
}

const laneHeight = () => byId('lanes').firstElementChild?.getBoundingClientRect().height || 18;
const place = (width) => (i) => 6 + (i / Math.max(1, page.trace.events.length - 1)) * (width - 16);

function colors() {
  const style = getComputedStyle(document.documentElement);
  const probe = el('span');
  document.body.append(probe);
  const color = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    agent: color('accent'),
    user: color('ink'),
    server: color('tool'),
    harness: color('soft'),
    line: color('line'),
    soft: color('soft'),
    picked: color('accent-ground'),
    bad: color('bad'),
    limit: color('warn'),
    odd: color('odd'),
    open: color('warn'),
    good: color('good'),
    font: style.fontFamily,
  };
  probe.remove();
  return found;
}

function drawGround({ pen, width, lane, x, color }, height) {
  pen.fillStyle = color.line;
  page.trace.lanes.forEach((_, k) => pen.fillRect(0, HEAD + k * lane + lane / 2, width, 1));
  pen.font = '11px system-ui, sans-serif';
  let free = 0;
  let turn = '';
  const label = (i, words, ink) => {
    const left = x(i);
    const room = pen.measureText(words).width + 10;
    const fits = left >= free && left + room <= width;
    pen.fillStyle = color.line;
    pen.fillRect(left, fits ? 4 : HEAD - 2, 1, height);
    if (!fits) return;
    pen.fillStyle = ink;
    pen.fillText(words, left + 4, 13);
    free = left + room;
  };
  for (const row of page.trace.rows) {
    if (turnOf(row.at) && turnOf(row.at) !== turn && !row.quiet) {
      turn = turnOf(row.at);
      label(row.i, `turn ${turn.slice(1)}`, color.soft);
    }
    if (row.moved > 0)
      label(
        row.last ? row.end : row.i,
        `now + ${Number(clockOf(row.last ?? row.first).toFixed(3))} s`,
        color.limit,
      );
  }
  if (page.trace.rows.every((row) => row.clock === 0)) stillTime({ pen, width, color, free });
}

function stillTime({ pen, width, color, free }) {
  const words = page.trace.moment ? `time stands at ${page.trace.moment}` : '';
  const room = pen.measureText(words).width + 8;
  if (width - room < free + 20) return;
  pen.fillStyle = color.soft;
  pen.fillText(words, width - room, 13);
}

// The middle of a row's deck in its lane, and how thick a bar may be there.
function deck(lane, row) {
  const decks = page.trace.decks.get(row.lane);
  const step = Math.min(5, (lane - 2) / DECKS);
  const middle = HEAD + (page.trace.lanes.indexOf(row.lane) + 0.5) * lane + 0.5;
  return { y: middle + (row.deck - (decks - 1) / 2) * step, thick: decks > 1 ? step - 1 : 7 };
}

function drawBar({ pen, lane, x, color }, row) {
  if (row.mark && row.end === row.i) return; // its mark says it all
  const left = x(row.i);
  const long = Math.max(3, Math.min(x(row.end) - left, 4000));
  pen.globalAlpha = row.mark && row.mark !== 'good' ? 0.45 : 1;
  pen.fillStyle = color[laneClass(row.lane)];
  pen.beginPath();
  const { y, thick } = deck(lane, row);
  pen.roundRect(left - 1, y - thick / 2, long, thick, 2);
  pen.fill();
  pen.globalAlpha = 1;
}

// What went wrong is drawn last, so that nothing hides it.
function drawMarks({ pen, lane, x, color }) {
  const worst = ['good', 'open', 'odd', 'limit', 'bad'];
  const marked = page.trace.rows.filter((row) => row.mark && (!row.quiet || page.all));
  for (const mark of worst) {
    for (const row of marked.filter((one) => one.mark === mark)) {
      const size = Math.min(page.trace.decks.get(row.lane) > 1 ? 10 : 12, lane - 3);
      pen.save();
      pen.translate(x(row.i) - size / 2 + 1, deck(lane, row).y - size / 2);
      pen.scale(size / 16, size / 16);
      pen.fillStyle = color[mark];
      pen.fill(PATHS[mark]);
      pen.restore();
    }
  }
}

function drawPicked({ pen, x, color }, height) {
  if (!page.picked) return;
  pen.strokeStyle = color.agent;
  pen.lineWidth = 1.5;
  pen.strokeRect(
    x(page.picked.i) - 4,
    HEAD - 3,
    Math.max(9, x(page.picked.end) - x(page.picked.i) + 8),
    height - HEAD + 1,
  );
}

function rowUnder(event) {
  const { left, top, width } = byId('canvas').getBoundingClientRect();
  const lane = page.trace.lanes[Math.floor((event.clientY - top - HEAD) / laneHeight())];
  const wanted = event.clientX - left;
  const x = place(width);
  const away = (row) =>
    (wanted < x(row.i) ? x(row.i) - wanted : Math.max(0, wanted - x(row.end))) + (row.lane === lane ? 0 : 24);
  let best = null;
  for (const row of page.shown) if (!best || away(row) <= away(best)) best = row;
  return best;
}

// -- search --------------------------------------------------------------------------------------

function find() {
  page.query = byId('query').value.trim();
  page.hits = search(page.trace, page.query);
  page.hitSet = new Set(page.hits);
  page.hit = -1;
  byId('found').textContent = page.query ? (page.hits.length ? count(page.hits.length, 'hit') : 'none') : '';
  drawRows();
  highlight();
}

function next(by) {
  const { hits } = page;
  if (!hits.length) return;
  const here = page.picked?.n ?? -1;
  const ahead =
    by > 0
      ? hits.findIndex((n) => n > here || (page.hit < 0 && n === here))
      : hits.findLastIndex((n) => n < here);
  page.hit = ahead >= 0 ? ahead : by > 0 ? 0 : hits.length - 1;
  byId('found').textContent = `${page.hit + 1}/${hits.length}`;
  go(page.trace.rows[hits[page.hit]]);
}

// Marks what was searched for in the details, without touching the document.
function highlight() {
  if (!globalThis.CSS?.highlights) return;
  CSS.highlights.delete('found');
  const wanted = page.query.toLowerCase();
  if (!wanted) return;
  const ranges = [];
  const walker = document.createTreeWalker(byId('details'), NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && ranges.length < 500) {
    const text = walker.currentNode.data.toLowerCase();
    for (
      let from = text.indexOf(wanted);
      from >= 0 && ranges.length < 500;
      from = text.indexOf(wanted, from + wanted.length)
    ) {
      const range = new Range();
      range.setStart(walker.currentNode, from);
      range.setEnd(walker.currentNode, Math.min(from + wanted.length, walker.currentNode.length));
      ranges.push(range);
    }
  }
  CSS.highlights.set('found', new Highlight(...ranges));
}

// -- keys ----------------------------------------------------------------------------------------

const KEYS = [
  ['j ↓', 'the next event'],
  ['k ↑', 'the one before'],
  ['g G', 'the first, the last'],
  ['f F', 'the next failure or limit, the one before'],
  ['/', 'search'],
  ['n N', 'the next hit, the one before'],
  ['d D', 'with two traces: the next difference, the one before'],
  ['Enter', 'read the event'],
  ['[ ]', 'the case before, the next'],
  ['a', 'all events, or those that matter'],
  ['t', 'light or dark'],
  ['?', 'this help'],
  ['Esc', 'close, leave the search, back to the list'],
];
const ACTS = {
  j: () => move(1),
  k: () => move(-1),
  g: () => move(-Infinity),
  G: () => move(Infinity),
  f: () => seek(1, isTrouble),
  F: () => seek(-1, isTrouble),
  d: () => seek(1, (row) => row.differs),
  D: () => seek(-1, (row) => row.differs),
  '/': () => byId('query').select(),
  n: () => next(1),
  N: () => next(-1),
  Enter: () => {
    reading(true);
    byId('details').focus();
  },
  '[': () => turnCase(-1),
  ']': () => turnCase(1),
  a: () => {
    everything(!page.all);
    if (page.picked && page.shown.includes(page.picked)) reveal(page.picked);
    drawLanes();
  },
  t: () => theme(),
  '?': () => help(),
  Escape: () => {
    reading(false);
    byId('list').focus();
  },
};
const IN_LIST = { ArrowDown: 'j', ArrowUp: 'k', Home: 'g', End: 'G' };

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId('help').open) return;
  const { target } = event;
  if (target === byId('query')) return;
  const busy = target.closest?.('button, select, summary');
  const away = byId('details').contains(target);
  const key = away || target.tagName === 'SELECT' ? event.key : (IN_LIST[event.key] ?? event.key);
  if (!ACTS[key] || (busy && (key === 'Enter' || target.tagName === 'SELECT'))) return;
  event.preventDefault();
  ACTS[key]();
}

function typed(event) {
  if (event.key === 'Escape') {
    byId('query').value = '';
    find();
    byId('list').focus();
  }
  if (event.key === 'Enter') {
    event.preventDefault();
    next(event.shiftKey ? -1 : 1);
  }
}

const isTrouble = (row) => ['bad', 'limit', 'odd', 'open'].includes(row.mark);

// Go to the next row, or the one before, of which something holds.
function seek(by, holds) {
  const here = page.picked?.place ?? -1;
  const ahead = (row) => (row.place - here) * by > 0 && holds(row);
  const row = by > 0 ? page.shown.find(ahead) : page.shown.findLast(ahead);
  if (row) go(row, { remember: true });
}

function turnCase(by) {
  const number = page.trace.number + by;
  if (number < 0 || number >= index.traces.length) return;
  load(number);
  go(page.trace.run, { remember: true });
}

function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  drawLanes();
}

function help() {
  const close = el(
    'form',
    button('Close', () => byId('help').close()),
  );
  byId('help').replaceChildren(
    Object.assign(el('h2', 'Keys and marks'), { id: 'help-title' }),
    el(
      'dl.pairs',
      KEYS.map(([keys, what]) => [
        el(
          'dt',
          keys.split(' ').map((key) => [el('kbd', key), ' ']),
        ),
        el('dd', what),
      ]),
    ),
    el('h3', 'Marks'),
    el(
      'ul.marks',
      Object.entries(MARK_WORDS).map(([mark, what]) => el('li', shape(mark), what)),
    ),
    close,
  );
  byId('help').showModal();
}

// -- the start -----------------------------------------------------------------------------------

function wire() {
  const picker = byId('picker');
  byId('theme').append(shape('half', 'same'));
  picker.hidden = index.traces.length < 2;
  byId('case').classList.toggle('unseen', !picker.hidden); // the picker says it
  byId('identity').classList.toggle('several', !picker.hidden);
  picker.replaceChildren(
    ...index.traces.map((one, k) => {
      const option = el('option', `${oneLine(one.label, 120)} · ${oneLine(one.outcome, 20)}`);
      option.value = String(k);
      return option;
    }),
  );
  picker.addEventListener('change', () => {
    load(Number(picker.value));
    go(page.trace.run, { remember: true, read: false });
  });
  byId('list').addEventListener('scroll', () => requestAnimationFrame(drawRows), { passive: true });
  byId('rows').addEventListener('click', (event) => {
    const node = event.target.closest('.row');
    if (node) go(page.trace.rows[Number(node.id.slice(3))], { remember: true });
  });
  byId('canvas').addEventListener('click', (event) => {
    const row = rowUnder(event);
    if (row) go(row, { remember: true });
  });
  byId('canvas').addEventListener('mousemove', (event) => {
    const row = rowUnder(event);
    const { who, text } = row ? says(row) : {};
    byId('canvas').title = row ? `${short(row.at)} ${who}: ${text}`.slice(0, 200) : '';
  });
  byId('query').addEventListener('input', find);
  byId('query').addEventListener('keydown', typed);
  byId('find').addEventListener('submit', (event) => event.preventDefault());
  byId('everything').addEventListener('click', ACTS.a);
  byId('theme').addEventListener('click', theme);
  byId('help-open').addEventListener('click', help);
  document.addEventListener('keydown', pressed);
  addEventListener('popstate', follow);
  addEventListener('hashchange', follow);
  new ResizeObserver(() => {
    drawRows();
    drawLanes();
  }).observe(byId('list'));
  new ResizeObserver(drawLanes).observe(byId('canvas'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawLanes);
}

wire();
follow();
requestAnimationFrame(() => requestAnimationFrame(() => performance.mark('ready')));
