// The page of the live view: what stands where, and which part of it an address shows.

import { prepareArchive, showArchive } from './archive.js';
import { hideDetails, itemInDetails, showDetails, updateDetails } from './details.js';
import { announce, byId, setText } from './dom.js';
import { follow, picture } from './feed.js';
import { prepareKeys } from './keys.js';
import { prepareMachines } from './machines.js';
import { noticeWaits, prepareNotifications } from './notifications.js';
import { draw, itemAt, tick } from './sections.js';
import { readSettings } from './server.js';

const PAGES = { sessions: 'session', runs: 'run', loops: 'loop' };
let isScheduled = false;
let focusBefore = null; // the address whose link had the focus before the list was left

/** Draws before the next frame, however many events come until then. A window that nobody sees draws later. */
function schedule() {
  noticeWaits(picture.items);
  if (isScheduled) return;
  isScheduled = true;
  const show = () => {
    isScheduled = false;
    draw();
    updateDetails(picture.items);
  };
  if (document.hidden) setTimeout(show); else requestAnimationFrame(show);
}

function connection(text) {
  if (byId('connection').textContent === text) return;
  // A screen reader is told of losses, and of the end of one.
  if (byId('connection').textContent !== 'connecting') announce(text);
  setText(byId('connection'), text);
}

function go(hash) {
  location.hash = hash;
  return true;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Shows the part that the address names. */
function showAddress() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [page, id = ''] = path.split('/').map(decoded);
  const kind = Object.hasOwn(PAGES, page) && id ? PAGES[page] : null;
  const part = kind ? 'details' : page === 'archive' ? 'archive' : 'now';
  if (byId('now').hidden === false && part !== 'now') focusBefore = document.activeElement?.getAttribute?.('href');
  const wasElsewhere = byId(part).hidden;
  for (const name of ['now', 'archive', 'details']) byId(name).hidden = name !== part;
  for (const [name, of] of [['to-now', 'now'], ['to-archive', 'archive']]) {
    if (part === of) byId(name).setAttribute('aria-current', 'page'); else byId(name).removeAttribute('aria-current');
  }
  hideDetails();
  if (part === 'details') showDetails(kind, id, picture.items.find((item) => item.kind === kind && item.id === id));
  if (part === 'archive') {
    showArchive(new URLSearchParams(query).get('text') ?? '');
    if (wasElsewhere) byId('archive-heading').focus();
  }
  if (part === 'now' && wasElsewhere && focusBefore) document.querySelector(`#sections a[href="${CSS.escape(focusBefore)}"]`)?.focus();
}

await readSettings();
prepareArchive(go);
prepareKeys(go, (target) => itemAt(target) ?? itemInDetails());
prepareNotifications();
byId('filter').addEventListener('input', draw);
prepareMachines(draw);
byId('outcome-close').addEventListener('click', () => { byId('outcome').hidden = true; });
window.addEventListener('hashchange', showAddress);
setInterval(tick, 1000);
follow(schedule, connection);
showAddress();
