// The list of what there is now: what waits first.

import { Card } from './card.js';
import { byId, button, element, setText } from './dom.js';
import { picture } from './feed.js';
import { drawMachines, isOnMachine } from './machines.js';

const SECTIONS = {
  waiting: 'Waits for you',
  working: 'At work',
  opened: 'Opened, no prompt yet',
  runs: 'Runs',
  elsewhere: 'On other machines',
  loops: 'Loops of other programs',
  unknown: 'Unknown',
  lost: 'Lost',
  unrestored: 'Protected files to restore',
  restore_failed: 'Protected files that could not be restored',
  unreadable: 'Records that cannot be read',
};
const STEP = 500; // how many items of a section are shown, and how many more at a time
const limits = new Map(); // section -> how many
const cards = new Map(); // key -> Card
const texts = new WeakMap(); // item -> what the filter looks at

/** Returns whether an item has each word of the filter. */
function matches(item, words) {
  if (words.length === 0) return true;
  let text = texts.get(item);
  if (text === undefined) {
    text = Object.values(item).filter((value) => typeof value === 'string').join(' ').toLowerCase();
    texts.set(item, text);
  }
  return words.every((word) => text.includes(word));
}

function sectionElement(name) {
  const found = byId(`section-${name}`);
  if (found) return found;
  const section = element('section', name);
  section.id = `section-${name}`;
  const heading = element('h2');
  heading.id = `heading-${name}`;
  heading.tabIndex = -1;
  section.setAttribute('aria-labelledby', heading.id);
  const more = button('Show more', '', () => {
    limits.set(name, (limits.get(name) ?? STEP) + STEP);
    draw();
  });
  section.append(heading, element('ul'), more);
  const names = Object.keys(SECTIONS);
  const next = names.slice(names.indexOf(name) + 1).map((other) => byId(`section-${other}`)).find(Boolean);
  byId('sections').insertBefore(section, next ?? null);
  return section;
}

function drawSection(name, items, kept) {
  const section = sectionElement(name);
  const [heading, list, more] = section.children;
  const limit = limits.get(name) ?? STEP;
  setText(heading, `${SECTIONS[name]} (${items.length})`);
  more.hidden = items.length <= limit;
  items.slice(0, limit).forEach((item, at) => {
    let card = cards.get(item.key);
    if (!card) cards.set(item.key, card = new Card(item));
    else if (card.item !== item) card.update(item);
    kept.add(item.key);
    if (list.children[at] !== card.element) list.insertBefore(card.element, list.children[at] ?? null);
  });
}

/** Returns where the focus is in the list: its element, and the place of its card in its section. */
function focusPlace() {
  const focused = document.activeElement;
  const card = focused?.closest?.('#sections li');
  return card ? { focused, list: card.parentNode, at: [...card.parentNode.children].indexOf(card) } : null;
}

/** Gives the focus back: to what had it, or if that is gone, to what stands in its place. */
function restoreFocus(place) {
  if (!place || document.activeElement === place.focused) return;
  if (place.focused.isConnected) return place.focused.focus({ preventScroll: true });
  const list = place.list.isConnected ? place.list : document.querySelector('#sections ul');
  const card = list?.children[Math.min(place.at, list.children.length - 1)];
  (card?.querySelector('a, button') ?? byId('filter')).focus();
}

/** Draws the picture. Only what changed is touched. */
export function draw() {
  const words = byId('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  setText(byId('counts'), picture.counts.map((it) => `${it.count} ${it.word}`).join(', '));
  const waiting = picture.items.filter((item) => item.section === 'waiting').length;
  document.title = waiting ? `(${waiting}) baton` : 'baton';
  drawMachines();
  byId('problem').hidden = picture.problem === null;
  setText(byId('problem'), picture.problem ?? '');
  const bySection = new Map();
  for (const item of picture.items) {
    if (!matches(item, words) || !isOnMachine(item)) continue;
    if (!bySection.has(item.section)) bySection.set(item.section, []);
    bySection.get(item.section).push(item);
  }
  byId('empty').hidden = picture.items.length > 0;
  byId('no-match').hidden = picture.items.length === 0 || bySection.size > 0;
  const place = focusPlace();
  const kept = new Set();
  for (const name of Object.keys(SECTIONS)) {
    if (bySection.has(name)) drawSection(name, bySection.get(name), kept);
    else byId(`section-${name}`)?.remove();
  }
  for (const [key, card] of cards) {
    if (kept.has(key)) continue;
    card.element.remove();
    cards.delete(key);
  }
  restoreFocus(place);
}

/** Shows how long each item has its status. */
export function tick() {
  for (const card of cards.values()) card.tick();
}

/** Returns the item whose card an element is in. */
export function itemAt(target) {
  const found = target?.closest?.('#sections li');
  return found ? [...cards.values()].find((card) => card.element === found)?.item : undefined;
}
