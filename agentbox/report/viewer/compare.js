// Two traces side by side: operations are aligned by position, kind and order; each is compared
// by its own content, so that a prompt that only goes on from an earlier difference is no new one.

const MOST_PATHS = 40;
const GONE = Symbol('nothing there');

// What of a row is compared: no envelope; slots by their names, messages as they came in.
function compared(trace, row) {
  const first = content(row.first);
  delete first.prompt;
  const prompt = trace.prompts[row.i];
  if (row.kind === 'model.request') {
    const slots = maps(trace.tables[first.slots]);
    Object.assign(first, {
      tools: trace.tables[first.tools],
      output: trace.tables[first.output],
      slots: Object.fromEntries(slots.map((slot) => [str(slot.slot), slot])),
    });
    if (prompt)
      first.new = trace.logs[prompt.log].slice(prompt.from, prompt.size).map((one) => one.from ?? one);
  }
  return { request: first, result: row.last ? content(row.last) : GONE };
}

// The rows of another trace, by what aligns them.
function aligned(trace) {
  const counts = new Map();
  return new Map(
    trace.rows
      .filter((row) => row.kind !== 'seal')
      .map((row) => {
        const key = `${row.at} ${row.kind}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
        return [`${key} ${counts.get(key)}`, row];
      }),
  );
}

// Marks each row of `trace`: `changed`, `only` here, or neither; returns what is only there.
function compare(trace, other) {
  const there = aligned(other);
  for (const [key, row] of aligned(trace)) {
    row.twin = there.get(key) ?? null;
    there.delete(key);
    row.differs = !row.twin
      ? 'only here'
      : same(compared(trace, row), compared(other, row.twin))
        ? ''
        : 'changed';
  }
  return [...there.values()];
}

const isHeld = (value) => value !== null && typeof value === 'object';
const membersOf = (value) => (isHeld(value) ? Object.keys(value) : []);

// Where two values differ: path, here, there.
function differences(one, other, path = '', found = []) {
  if (found.length >= MOST_PATHS || same(one, other)) return found;
  const alike = isHeld(one) && isHeld(other) && Array.isArray(one) === Array.isArray(other);
  if (!alike || path.length > 300) found.push([path, one, other]);
  else
    for (const key of new Set([...membersOf(one), ...membersOf(other)])) {
      const place = Array.isArray(one) ? `${path}[${key}]` : `${path}${path ? '.' : ''}${key}`;
      differences(
        Object.hasOwn(one, key) ? one[key] : GONE,
        Object.hasOwn(other, key) ? other[key] : GONE,
        place,
        found,
      );
    }
  return found;
}

function sideBySide(row) {
  if (!page.other || !row.differs) return null;
  if (!row.twin) return section(AGAINST, otherName(), el('p.odd', 'only here'));
  const found = differences(compared(page.trace, row), compared(page.other, row.twin));
  return section(
    AGAINST,
    otherName(),
    found.map(([path, here, there]) =>
      el(
        'div.change',
        el('h4', oneLine(path, 300)),
        el('div.pair', side('here', here), side('there', there)),
      ),
    ),
  );
}
const side = (where, value) =>
  el(
    'div',
    el('small', where),
    value === GONE || value === undefined
      ? el('p.dot', 'nothing')
      : value === ''
        ? el('p.dot', 'an empty text')
        : typeof value === 'string'
          ? block(value)
          : jsonBlock(value),
  );

const AGAINST = 'Against the other trace';
const otherName = () => el('p.against', oneLine(index.traces[page.other.number].label, 200));

function changeLine(row, how, label) {
  const { who, text } = says(row);
  const words = `${short(row.at)} ${who}: ${text.length > 90 ? `${text.slice(0, 90)}…` : text}`;
  return el('li', el('span.odd', how), label(row, words));
}

// What of the whole differs, for the run's own page.
function comparison() {
  if (!page.other) return null;
  const differing = page.trace.rows.filter((row) => row.differs && row !== page.trace.run);
  const lines = differing.slice(0, MOST_PATHS).map((row) => changeLine(row, row.differs, to));
  const there = page.onlyThere
    .slice(0, MOST_PATHS)
    .map((row) => changeLine(row, 'only there', (_, words) => el('span', words)));
  const more = differing.length - lines.length;
  return section(
    AGAINST,
    otherName(),
    lines.length + there.length
      ? el('ul.changes', lines, more > 0 ? el('li', `and ${count(more, 'more')}`) : null, there)
      : el('p.good', 'nothing differs'),
  );
}
