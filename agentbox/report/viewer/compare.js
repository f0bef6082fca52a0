// Two traces side by side: what `agentbox diff` says, at the rows it says it of. Nothing is aligned
// or compared here, so that the page and the command never disagree.

const MOST_CHANGES = 40;
const NOTHING = Symbol('nothing there');

// The differences as this trace has them: where each is here, where it is there, both sides.
function differencesOf(number) {
  const [here, there] = number === 0 ? ['before', 'after'] : ['after', 'before'];
  const turned = (one, because) => ({
    kind: str(one.kind),
    what: str(one.what),
    because,
    here: str(one[`${here}_at`]),
    there: str(one[`${there}_at`]),
    changes: maps(one.changes).map((change) => ({
      path: str(change.path),
      here: Object.hasOwn(change, here) ? change[here] : NOTHING,
      there: Object.hasOwn(change, there) ? change[there] : NOTHING,
    })),
  });
  return maps(index.diff.differences).flatMap((root) => [
    turned(root, ''),
    ...maps(root.follows).map((one) => turned(one, str(one.because) || 'it follows')),
  ]);
}

// The row that a difference is of: the operation itself, not what stands around it.
function rowOf(trace, one) {
  const isIt = {
    model: (row) => row.kind.startsWith('model.'),
    user: (row) => row.kind.startsWith('user.'),
  }[one.what] ?? ((row) => row.kind === one.what || str(row.first.tool) === one.what);
  return trace.rows.find((row) => row.at === one.here && isIt(row)) ?? null;
}

// Marks the rows of a trace: `differs`, `only here`, or `follows` from a difference before it.
function compare(trace, number) {
  trace.differences = differencesOf(number);
  for (const one of trace.differences) {
    const row = one.here && rowOf(trace, one);
    if (!row) continue;
    row.others = [...(row.others ?? []), one];
    const mark = !one.there ? 'only here' : one.because ? 'follows' : 'differs';
    if (!row.differs || row.differs === 'follows') row.differs = mark;
  }
}

function sideBySide(row) {
  if (!index.diff || !row.others) return null;
  return section(
    AGAINST,
    otherName(),
    row.others.map((one) => [
      one.because ? el('p.dot', `follows: ${oneLine(one.because, 200)}`) : null,
      one.there ? null : el('p.odd', 'only here'),
      one.changes.slice(0, MOST_CHANGES).map((change) =>
        el(
          'div.change',
          el('h4', oneLine(change.path || one.what, 300)),
          el('div.pair', side('here', change.here), side('there', change.there)),
        ),
      ),
    ]),
  );
}
const side = (where, value) =>
  el(
    'div',
    el('small', where),
    value === NOTHING
      ? el('p.dot', 'nothing')
      : value === ''
        ? el('p.dot', 'an empty text')
        : typeof value === 'string'
          ? block(value)
          : jsonBlock(value),
  );

const AGAINST = 'Against the other trace';
const otherName = () => el('p.against', oneLine(index.traces[1 - page.number].label, 200));

function differenceLine(trace, one) {
  const row = one.here && rowAt(trace, one.here);
  const mark = !one.here ? 'only there' : !one.there ? 'only here' : one.because ? 'follows' : 'differs';
  const words = `${short(one.here || one.there)} ${one.what} ${one.kind}`;
  return el('li', el('span.odd', mark), row ? to(row, words) : el('span', words));
}

// What of the whole differs, for the run's own page: first what stands by itself.
function comparison() {
  if (!index.diff) return null;
  const { trace } = page;
  const lines = trace.differences.slice(0, MOST_CHANGES).map((one) => differenceLine(trace, one));
  const more = trace.differences.length - lines.length;
  return section(
    AGAINST,
    otherName(),
    lines.length
      ? el('ul.changes', lines, more > 0 ? el('li', `and ${count(more, 'more')}`) : null)
      : el('p.good', index.diff.same ? 'nothing differs' : 'no step differs'),
  );
}
