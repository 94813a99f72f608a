// All sessions, the newest first: searched by the server, a page at a time.

import { showLabel } from './actions.js';
import { address } from './card.js';
import { byId, dateTime, element, foreign, setText } from './dom.js';
import { read } from './server.js';

let asked = 0; // the number of the newest search
let next = null; // the cursor of the next page

function entry(session) {
  const box = element('li');
  const title = element('h3', 'title');
  const link = foreign('a', '', '');
  showLabel(link, { ...session, kind: 'session' });
  link.href = address({ kind: 'session', id: session.id });
  title.append(link);
  const line = element('p', 'line soft');
  line.append(element('span', 'status', session.waiting_for ?? session.status), element('span', '', session.agent), dateTime(session.opened_at));
  for (const text of [session.project?.split('/').pop(), session.pinned && 'pinned', session.archived && 'archived']) {
    if (text) line.append(foreign('span', '', text));
  }
  box.append(title, line);
  return box;
}

/** Shows what a search finds. With a cursor, it is added to what is shown. */
async function search(text, cursor) {
  const own = asked += 1;
  const parameters = new URLSearchParams();
  if (text) parameters.set('text', text);
  if (cursor) parameters.set('cursor', cursor);
  let page;
  try {
    page = await read(`sessions?${parameters}`);
  } catch (error) {
    if (own === asked) setText(byId('archive-state'), error.message);
    return;
  }
  if (own !== asked) return; // a newer search has begun
  const found = byId('found');
  const entries = page.sessions.map(entry);
  if (cursor) found.append(...entries); else found.replaceChildren(...entries);
  if (cursor) entries[0]?.querySelector('a').focus();
  next = page.next;
  byId('more').hidden = next === null;
  const count = found.children.length;
  setText(byId('archive-state'), `${count === 0 ? 'No session' : count === 1 ? '1 session' : `${count} sessions`}${next ? ', and more' : ''}`);
}

/** Shows the archive. */
export function showArchive(text) {
  byId('text').value = text;
  return search(text, null);
}

/** Prepares the form. `go` opens an address of the page. */
export function prepareArchive(go) {
  byId('search').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = byId('text').value.trim();
    go(text ? `#/archive?text=${encodeURIComponent(text)}` : '#/archive');
  });
  byId('more').addEventListener('click', () => search(byId('text').value.trim(), next));
}
