// The page of the live view. It follows the feed, and shows the items in their order. All text is set as text.
'use strict';

const SECTIONS = {
  waiting: 'Waits for you',
  working: 'At work',
  opened: 'Opened, no prompt yet',
  runs: 'Runs',
  interrupted: 'Interrupted runs',
  loops: 'Loops of other programs',
  unknown: 'Unknown',
  lost: 'Lost',
  unrestored: 'Protected files to restore',
  restore_failed: 'Protected files that could not be restored',
  unreadable: 'Records that cannot be read',
};
const MAX_SHOWN = 500;
const picture = { problem: null, counts: [], items: [] };
const shown = new Map(); // key -> { element, text, age }
let isDrawing = false;

const byId = (id) => document.getElementById(id);

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function setText(target, text) {
  // A screen reader speaks a live region only when it changes.
  if (target.textContent !== text) target.textContent = text;
}

function age(since) {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(since)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

function apply(change) {
  const items = picture.items;
  const place = (key) => items.findIndex((item) => item.key === key);
  const remove = (key) => { const at = place(key); if (at >= 0) items.splice(at, 1); };
  switch (change.change) {
    case 'remove': remove(change.key); break;
    case 'put':
      remove(change.item.key);
      items.splice(change.after === null ? 0 : place(change.after) + 1, 0, change.item);
      break;
    case 'counts': picture.counts = change.counts; break;
    case 'problem': picture.problem = change.problem; break;
  }
}

function actions(item) {
  const list = [];
  if (item.kind === 'session' && item.section === 'lost') list.push(['resume', 'Resume']);
  else if (item.kind === 'session' || item.kind === 'run') list.push(['go', 'Go to pane']);
  if (item.kind === 'session') list.push(item.pinned ? ['unpin', 'Unpin'] : ['pin', 'Pin']);
  if (item.kind === 'run') {
    list.push(item.cause === 'paused' || item.cause === 'waiting' ? ['continue', 'Continue'] : ['pause', 'Pause']);
    list.push(['cancel', 'Cancel']);
  }
  return list;
}

function label(item) {
  return item.name || item.title || item.id;
}

function build(item) {
  const box = element('li');
  const first = element('div', 'line');
  first.append(element('span', 'status', item.status));
  if (item.agent) first.append(element('span', '', item.agent));
  if (item.pane) first.append(element('span', '', item.pane));
  if (item.owner_pane) first.append(element('span', '', `owned in ${item.owner_pane}`));
  const time = element('time', 'soft');
  if (item.since) { time.dateTime = item.since; first.append(time); }
  if (item.pinned) first.append(element('span', 'soft', 'pinned'));
  const second = element('div', 'line title', label(item));
  const third = element('div', 'line soft');
  const parts = [item.project && item.project.split('/').pop(), item.branch, item.model, item.phase];
  for (const part of parts) if (part) third.append(element('span', '', part));
  if (item.iteration !== null) {
    third.append(element('span', '', `iteration ${item.iteration}${item.max_iterations === null ? '' : `/${item.max_iterations}`}`));
  }
  if (item.context !== null && item.context_window) {
    const meter = element('meter');
    meter.max = item.context_window;
    meter.value = item.context;
    meter.setAttribute('aria-label', `context: ${item.context} of ${item.context_window} tokens`);
    third.append(meter);
  } else if (item.context !== null) third.append(element('span', '', `${item.context} tokens`));
  box.append(first, second, third);
  for (const [name, text] of actions(item)) {
    const button = element('button', '', text);
    button.type = 'button';
    button.setAttribute('aria-label', `${text}: ${label(item)}`);
    button.dataset.action = name;
    button.addEventListener('click', () => act(name, item));
    box.append(button);
  }
  return { element: box, text: JSON.stringify(item), time: item.since ? time : null };
}

function sectionList(name) {
  let section = byId(`section-${name}`);
  if (!section) {
    section = element('section', name);
    section.id = `section-${name}`;
    const heading = element('h2');
    heading.id = `heading-${name}`;
    section.setAttribute('aria-labelledby', heading.id);
    section.append(heading, element('ul'));
    const names = Object.keys(SECTIONS);
    const next = names.slice(names.indexOf(name) + 1).map((other) => byId(`section-${other}`)).find((found) => found);
    byId('sections').insertBefore(section, next || null);
  }
  return section;
}

function draw() {
  isDrawing = false;
  setText(byId('counts'), picture.counts.map((it) => `${it.count} ${it.word}`).join(', '));
  const waiting = picture.items.filter((item) => item.section === 'waiting').length;
  document.title = waiting ? `(${waiting}) baton` : 'baton';
  byId('problem').hidden = picture.problem === null;
  setText(byId('problem'), picture.problem || '');
  byId('empty').hidden = picture.items.length > 0;
  const focused = document.activeElement;
  const kept = new Set();
  for (const [name, title] of Object.entries(SECTIONS)) {
    const items = picture.items.filter((item) => item.section === name);
    if (!items.length) { byId(`section-${name}`)?.remove(); continue; }
    const section = sectionList(name);
    const more = items.length > MAX_SHOWN ? `, ${MAX_SHOWN} of ${items.length}` : '';
    setText(section.firstChild, title + more);
    const list = section.lastChild;
    items.slice(0, MAX_SHOWN).forEach((item, at) => {
      kept.add(item.key);
      let entry = shown.get(item.key);
      if (!entry || entry.text !== JSON.stringify(item)) {
        const old = entry && entry.element;
        const had = old && old.contains(focused) ? focused.dataset.action : null;
        entry = build(item);
        shown.set(item.key, entry);
        if (old && old.parentNode === list) old.replaceWith(entry.element); else old?.remove();
        if (had) queueMicrotask(() => (entry.element.querySelector(`[data-action="${had}"]`) || entry.element.querySelector('button'))?.focus());
      }
      if (list.children[at] !== entry.element) list.insertBefore(entry.element, list.children[at] || null);
    });
  }
  for (const [key, entry] of shown) if (!kept.has(key)) { entry.element.remove(); shown.delete(key); }
  drawAges();
}

function drawAges() {
  for (const entry of shown.values()) if (entry.time) setText(entry.time, age(entry.time.dateTime));
}

function schedule() {
  if (!isDrawing) { isDrawing = true; requestAnimationFrame(draw); }
}

function confirmed(question) {
  const dialog = byId('confirm');
  setText(byId('question'), question);
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true }));
}

async function act(action, item) {
  if (action === 'cancel' && !await confirmed(`Cancel the run ${label(item)} for good?`)) return;
  const outcome = byId('outcome');
  let text;
  try {
    const answer = await fetch('api/actions', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ action, id: item.id }),
    });
    const body = await answer.json();
    text = body.error || body.output || 'done';
  } catch (error) {
    text = `the server does not answer: ${error.message}`;
  }
  outcome.hidden = false;
  setText(outcome, text.trim());
}

function follow() {
  const events = new EventSource('api/events');
  events.addEventListener('open', () => setText(byId('connection'), 'live'));
  events.addEventListener('error', () => setText(byId('connection'), 'not connected, trying again'));
  events.addEventListener('picture', (event) => {
    const { problem, counts, items } = JSON.parse(event.data);
    Object.assign(picture, { problem, counts, items });
    schedule();
  });
  events.addEventListener('changes', (event) => {
    JSON.parse(event.data).forEach(apply);
    schedule();
  });
}

setInterval(drawAges, 1000);
follow();
