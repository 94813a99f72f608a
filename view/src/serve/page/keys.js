// Single keys, which do what the buttons and links do. A user can turn them off.

import { ACTIONS, act, actionsOf } from './actions.js';
import { byId, element } from './dom.js';

const STORED = 'baton-keys';
const HELP = [
  ['j, k, arrows', 'next or previous item'],
  ['Enter', 'everything about it'],
  ['/', 'filter the list, or search'],
  ['s', 'search all sessions'],
  ['Esc', 'back; empties the filter'],
  ['?', 'these keys'],
];

/** Moves the focus among the items that are shown. Returns whether there are any. */
function move(step) {
  const links = [...document.querySelectorAll('main > :not([hidden]) li h3')].map((title) => title.querySelector('a') ?? title.parentNode.querySelector('button'));
  if (links.length === 0) return false;
  const own = document.activeElement.closest?.('li');
  const at = own ? links.findIndex((it) => own.contains(it)) : -1;
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
  links[next]?.focus();
  links[next]?.closest('li').scrollIntoView({ block: 'nearest' });
  return true;
}

function focusSearch() {
  const input = byId('archive').hidden ? byId('filter') : byId('text');
  input.focus();
  input.select();
  return true;
}

/** Runs the action of a key on the item that has the focus or is shown. */
function actByKey(key, item) {
  const name = item && actionsOf(item).find((it) => ACTIONS[it].key === key);
  if (name) act(name, item);
  return Boolean(name);
}

function escape(target, go) {
  if (target.id === 'filter' && target.value !== '') {
    target.value = '';
    target.dispatchEvent(new Event('input'));
  } else if (target.matches('input')) target.blur();
  else go('#/');
}

/** Listens to the keys. `go` opens an address of the page, and `current` returns the item that a letter is for. */
export function prepareKeys(go, current) {
  const showKeys = () => {
    byId('keys').showModal();
    return true;
  };
  const keys = {
    j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), '/': focusSearch, s: () => go('#/archive'), '?': showKeys,
  };
  const isOff = () => localStorage.getItem(STORED) === 'off';
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') return escape(event.target, go);
    if (event.target.matches('input, .log, .scroll') || isOff()) return;
    const hasActed = Object.hasOwn(keys, event.key) ? keys[event.key]() : actByKey(event.key, current(event.target));
    if (hasActed) event.preventDefault();
  });
  byId('show-keys').addEventListener('click', showKeys);
  byId('use-keys').checked = !isOff();
  byId('use-keys').addEventListener('change', (event) => localStorage.setItem(STORED, event.target.checked ? 'on' : 'off'));
  const acting = Object.values(ACTIONS).map(({ key, text }) => [key, text.toLowerCase()]);
  for (const cells of [...HELP, ...acting]) {
    const row = element('tr');
    row.append(...cells.map((text) => element('td', '', text)));
    byId('key-rows').append(row);
  }
}
