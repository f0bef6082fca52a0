// DOM from data: text nodes only, never markup. Long values are built when they are asked for.

const LONG = 4000;
const SVG = 'http://www.w3.org/2000/svg';
const SHAPES = {
  // on a field of 16 by 16; the list and the lanes draw the same ones
  dot: 'M8 4a4 4 0 1 1 0 8a4 4 0 1 1 0-8z',
  bad: 'M8 1.5 15.5 14.5H.5z',
  limit: 'M8 .5 15.5 8 8 15.5.5 8z',
  odd: 'M2.5 2.5h11v11h-11z',
  open: 'M8 2a6 6 0 1 1 0 12A6 6 0 1 1 8 2zm0 2.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 1 0 0-6.8z',
  good: 'M1.6 8.6 3.8 6.3 6.7 9.2 12.3 3 14.5 5.1 6.8 13.7z',
  half: 'M8 1a7 7 0 1 1 0 14A7 7 0 1 1 8 1zm0 1.8v10.4a5.2 5.2 0 1 0 0-10.4z',
  cross: 'M3.4 1.3 8 5.9l4.6-4.6 2.1 2.1L10.1 8l4.6 4.6-2.1 2.1L8 10.1l-4.6 4.6-2.1-2.1L5.9 8 1.3 3.4z',
};

// el('p.lead.bad', 'words', node, ...): strings become text, null and false nothing.
function el(name, ...children) {
  const [tag, ...classes] = name.split('.');
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(' ');
  add(node, children);
  return node;
}
function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

function shape(name, look = name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('mark', look);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', SHAPES[name]);
  svg.append(path);
  return svg;
}
const chip = (mark, words) => {
  const node = el('span.chip', shape(mark || 'dot', 'same'), oneLine(words, 80));
  node.classList.add(mark || 'dot');
  return node;
};

function button(words, act, look = 'more') {
  const node = el(`button.${look}`, words);
  node.type = 'button';
  node.addEventListener('click', act);
  return node;
}

// Text with its own lines, what would be obeyed or hidden marked.
function visible(text) {
  const parts = document.createDocumentFragment();
  const plain = text.replaceAll('\r\n', '\n');
  let from = 0;
  for (const found of plain.matchAll(UNSAFE)) {
    if (found[0] === '\n' || found[0] === '\t') continue;
    parts.append(plain.slice(from, found.index), el('span.ctl', escaped(found[0])));
    from = found.index + found[0].length;
  }
  parts.append(plain.slice(from));
  return parts;
}

// A text whole where it is short, else its start and a button for the rest.
function prose(text, look = 'pre') {
  const node = el(look, visible(text.slice(0, text.length > LONG ? LONG / 2 : LONG)));
  if (text.length <= LONG) return node;
  node.append('…');
  const more = button(`Show all ${text.length.toLocaleString('en')} characters`, () => {
    node.replaceChildren(visible(text));
    more.remove();
    highlight();
  });
  return [node, more];
}

// -- JSON ----------------------------------------------------------------------------------------

const SHORT = 72;
const MANY = 60;

function json(value, depth = 0) {
  if (value === null || typeof value !== 'object') return primitive(value);
  const brief = compact(value, SHORT);
  if (brief.length <= SHORT && !brief.includes('…')) return el('span.string', visible(brief));
  return folded(value, depth);
}
function primitive(value) {
  return typeof value === 'string'
    ? el('span.string', '"', prose(value, 'span'), '"')
    : el('span.value', String(value));
}

// Its members are built when it is opened, so no depth and no length is too much.
function folded(value, depth) {
  const keys = Object.keys(value);
  const isList = Array.isArray(value);
  const inside = el('div.in');
  const fold = button(
    isList ? `[ ${count(keys.length, 'item')} ]` : `{ ${count(keys.length, 'key')} }`,
    () => open(inside.hidden),
    'fold',
  );
  let built = 0;
  const build = () => {
    for (const key of keys.slice(built, built + MANY)) {
      inside.append(
        el('div', el('span.key', isList ? key : oneLine(key, 200)), ': ', json(value[key], depth + 1)),
      );
    }
    built += MANY;
    if (built < keys.length) {
      const more = button(
        `Show ${count(keys.length - built, 'more item').replace('more items', 'more')}`,
        () => {
          more.remove();
          build();
          highlight();
        },
      );
      inside.append(more);
    }
  };
  const open = (yes) => {
    inside.hidden = !yes;
    fold.setAttribute('aria-expanded', String(yes));
    if (yes && !built) build();
  };
  open(depth < 3 && keys.length > 0);
  return [fold, inside];
}
const jsonBlock = (value) => el('div.json', json(value));

function parsedText(text) {
  if (!/^\s*[[{]/.test(text) || text.length > 400000) return undefined;
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

// Whether two JSON values are equal, whatever the order of their keys; too deep counts as no.
function same(one, other, depth = 0) {
  if (one === other) return true;
  if (depth > 60 || !one || !other || typeof one !== 'object' || typeof other !== 'object') return false;
  const keys = Object.keys(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key], depth + 1))
  );
}

// -- small pieces --------------------------------------------------------------------------------

const section = (title, ...children) => {
  const held = children.flat(Infinity).filter(Boolean);
  return held.length ? el('section', el('h3', title), held) : null;
};
const facts = (...items) =>
  el(
    'div.facts',
    items
      .flat(Infinity)
      .filter(Boolean)
      .map((one) => (typeof one === 'string' ? el('span', oneLine(one)) : one)),
  );
const block = (text) => {
  const [pre, more] = [prose(text)].flat();
  return el('div', add(el('div.block'), [pre]), more);
};

function pairs(entries) {
  const kept = entries.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return kept.length
    ? el(
        'dl.pairs',
        kept.map(([name, value]) => [
          el('dt', oneLine(name, 80)),
          el(
            'dd',
            value instanceof Node ? value : typeof value === 'string' ? prose(value, 'span') : json(value),
          ),
        ]),
      )
    : null;
}

function disclosure(title, build, look = 'raw') {
  const node = el(`details.${look}`, el('summary', title));
  node.addEventListener('toggle', () => {
    if (node.open && node.children.length === 1) {
      add(node, [build()]);
      highlight();
    }
  });
  return node;
}
