// Tells when something begins to wait: to a screen reader always, and as a notification of the browser if the user wants that.

import { label } from './actions.js';
import { address } from './card.js';
import { announce, byId } from './dom.js';

const STORED = 'baton-notify';
const MAX_AT_ONCE = 3; // more are told together
const MAX_PAST = 10_000; // how many waits are remembered

let known = null; // each wait -> since when it was, and whether it was in the last picture

/** Names what an item waits for. */
const identity = (item) => `${item.key} ${item.status}`;

function sentence(item) {
  const place = item.pane ? ` in ${item.pane}` : '';
  return `${item.agent ?? 'baton'}: ${item.status} (${label(item).slice(0, 100)}${place})`;
}

function isOn() {
  return 'Notification' in window && Notification.permission === 'granted' && localStorage.getItem(STORED) === 'on';
}

function notify(title, item) {
  // Of several tabs that show the same, the tag leaves one.
  const shown = new Notification(title, { tag: `baton ${item ? `${identity(item)} ${item.since}` : 'several'}`, lang: 'en' });
  shown.addEventListener('click', () => {
    window.focus();
    if (item) location.hash = address(item) ?? '#/';
    shown.close();
  });
}

/**
 * Returns whether an item has begun to wait. A session may have done something else in between that was too short to be seen. A run that
 * waits may be written to, which moves its time. What was left out of a picture and comes back is no news.
 */
function hasBegun(item) {
  const before = known.get(identity(item));
  return !before || (before.since !== item.since && (item.kind === 'session' || !before.isPresent));
}

function remember(waiting) {
  known ??= new Map();
  for (const it of known.values()) it.isPresent = false;
  for (const item of waiting) known.set(identity(item), { since: item.since, isPresent: true });
  if (known.size <= MAX_PAST) return;
  for (const [wait, it] of known) if (!it.isPresent) known.delete(wait);
}

/** Looks at what waits. What waits already when the page opens is no news, and neither is what waited before a reconnect. */
export function noticeWaits(items) {
  const waiting = items.filter((item) => item.section === 'waiting');
  const begun = known === null ? [] : waiting.filter(hasBegun);
  remember(waiting);
  if (begun.length === 0) return;
  const isOne = begun.length <= MAX_AT_ONCE;
  announce(isOne ? begun.map(sentence).join('. ') : `${begun.length} begin to wait for you`);
  if (!isOn()) return;
  if (isOne) begun.forEach((item) => notify(sentence(item), item));
  else notify(`${begun.length} begin to wait for you`, null);
}

function showSwitch() {
  const isDenied = Notification.permission === 'denied';
  byId('notify').setAttribute('aria-pressed', String(isOn()));
  byId('notify').title = isDenied ? 'The browser refuses notifications of this page' : '';
}

/** Prepares the button that turns notifications on and off. */
export function prepareNotifications() {
  if (!('Notification' in window)) return;
  byId('notify').hidden = false;
  byId('notify').addEventListener('click', async () => {
    const wanted = !isOn();
    if (wanted && Notification.permission !== 'granted') await Notification.requestPermission();
    localStorage.setItem(STORED, wanted ? 'on' : 'off');
    showSwitch();
    if (wanted && !isOn()) announce('The browser refuses notifications of this page');
  });
  showSwitch();
}
