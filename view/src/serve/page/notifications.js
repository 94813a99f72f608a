// Tells when something begins to wait: to a screen reader always, and as a notification of the browser if the user wants that.

import { label } from './actions.js';
import { address } from './card.js';
import { announce, byId } from './dom.js';

const STORED = 'baton-notify';
const MAX_AT_ONCE = 3; // more are told together

let known = null; // what waited when the picture was last seen

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
  const shown = new Notification(title, { tag: `baton ${item ? identity(item) + item.since : 'several'}`, lang: 'en' });
  shown.addEventListener('click', () => {
    window.focus();
    if (item) location.hash = address(item) ?? '#/';
    shown.close();
  });
}

/** Looks at what waits. What waits already when the page opens is no news, and neither is what waited before a reconnect. */
export function noticeWaits(items) {
  const waiting = items.filter((item) => item.section === 'waiting');
  const begun = known === null ? [] : waiting.filter((item) => !known.has(identity(item)));
  known = new Set(waiting.map(identity));
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
