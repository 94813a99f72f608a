// Everything about one session, run or loop.

import { ACTIONS, act, actionsOf, label } from './actions.js';
import { address } from './card.js';
import { button, byId, dateTime, element, foreign, setText } from './dom.js';
import { picture } from './feed.js';
import { Log, followLoopLog, showRunLog } from './log.js';
import { read } from './server.js';

const AGAIN_MS = 2000;

/** What is shown: its kind, id, item, and how to end it. */
let shown = null;

/** Creates a list of names and values. A value is a text or an element. What is not known is left out. */
function facts(pairs) {
  const list = element('dl');
  for (const [name, value] of pairs) {
    if (value === null || value === undefined || value === '') continue;
    const text = element('dd');
    text.append(value instanceof Node ? value : foreign('span', '', String(value)));
    list.append(element('dt', '', name), text);
  }
  return list;
}

/** Creates a part with a heading. */
function part(heading, ...content) {
  const made = element('section');
  made.append(element('h3', '', heading), ...content);
  return made;
}

/** Creates a table, in a box that can be scrolled on its own. */
function table(name, heads, rows) {
  const [box, made, head, body] = [element('div', 'scroll'), element('table'), element('tr'), element('tbody')];
  for (const text of heads) {
    const cell = element('th', '', text);
    cell.scope = 'col';
    head.append(cell);
  }
  for (const cells of rows) {
    const row = element('tr');
    for (const value of cells) {
      const cell = element('td');
      cell.append(value instanceof Node ? value : foreign('span', '', value ?? ''));
      row.append(cell);
    }
    body.append(row);
  }
  const top = element('thead');
  top.append(head);
  made.append(top, body);
  Object.assign(box, { tabIndex: 0 });
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', name);
  box.append(made);
  return box;
}

function pane(it) {
  switch (it?.mux) {
    case 'tmux': return `${it.pane} of tmux ${it.server}`;
    case 'zellij': return `${it.pane} of zellij ${it.session}`;
    case 'tty': return it.tty;
    default: return '';
  }
}

/** Creates a link to an item, by the name that the list knows for it. */
function link(kind, id) {
  const known = picture.items.find((item) => item.kind === kind && item.id === id);
  const made = foreign('a', '', known ? label(known) : id);
  made.href = address({ kind, id });
  return made;
}

/** Says how the newest turn of a session ended, or returns null if that is unknown. */
function lastTurn({ last_turn: turn, live }) {
  if (turn === null || turn === 'unknown') return null;
  if (turn === 'ended') return 'ended';
  if (live === 'yes') return 'in progress';
  if (live === 'unknown') return 'has no answer yet';
  return turn === 'interrupted_prompt' ? 'interrupted: its last prompt got no answer' : 'interrupted: a tool call in it got no result';
}

function launches(session) {
  const live = { yes: 'alive', no: 'ended', unknown: 'unknown' };
  const rows = session.launches.map((it) => [
    `${live[it.live]} (${(it.ended_reason ?? it.evidence).replaceAll('_', ' ')})`, pane(it.pane), `pid ${it.process.pid}`,
    dateTime(it.started_at), it.ended_at ? dateTime(it.ended_at) : '',
  ]);
  return part('Launches', table('Launches', ['State', 'Pane', 'Process', 'Started', 'Ended'], rows));
}

function sessionParts(session) {
  const stats = session.transcript_stats;
  const context = stats?.context?.now ? `${stats.context.now}${stats.context.window ? ` of ${stats.context.window}` : ''} tokens` : null;
  const parts = [facts([
    ['Id', session.id], ['Name', session.name], ['Title', stats?.title], ['Agent', session.agent],
    ['Status', session.waiting_for ?? session.status], ['Since', dateTime(session.since)], ['Project', session.project],
    ['Directory', session.cwd], ['Model', stats?.model], ['Context', context], ['Last turn', lastTurn(session)],
    ['Transcript', session.transcript], ['First seen', dateTime(session.created_at)],
    ['Ended', session.ended_at && dateTime(session.ended_at)],
  ]), launches(session)];
  if (session.runs.length > 0) {
    const list = element('ul', 'plain');
    for (const id of session.runs) {
      const line = element('li');
      line.append(link('run', id));
      list.append(line);
    }
    parts.push(part('Runs that it owns', list));
  }
  return parts;
}

function owner(it) {
  const made = element('span');
  made.append(it.session ? link('session', it.session) : 'a command', ` in ${pane(it.pane) || 'an unknown pane'}, pid ${it.process.pid}`);
  return made;
}

function runParts(run) {
  const limit = run.max_iterations === null ? '' : ` of ${run.max_iterations}`;
  const parts = [facts([
    ['Id', run.id], ['Name', run.name], ['Status', run.interrupted ? `${run.status}, interrupted` : run.status], ['Phase', run.phase],
    ['Iteration', `${run.iteration}${limit}`], ['Owner', owner(run.owner)], ['Fence', run.fence], ['Reason', run.stop_reason],
    ['Project', run.project], ['Started', dateTime(run.created_at)], ['Last written', dateTime(run.updated_at)],
    ['Ended', run.finished_at && dateTime(run.finished_at)],
  ])];
  if (run.history.length > 0) {
    const rows = run.history.map((it) => [String(it.fence), owner(it.from), it.reason.replaceAll('_', ' '), dateTime(it.at)]);
    parts.push(part('Earlier owners', table('Earlier owners', ['Fence', 'From', 'Reason', 'When'], rows)));
  }
  return parts;
}

function loopParts(loop) {
  const parts = [facts([
    ['Plan', loop.name], ['Status', loop.status], ['Reason', loop.reason], ['Mode', loop.phase], ['Executor', loop.agent], ['Task', loop.task],
    ['Section', loop.log_section], ['Project', loop.project], ['Branch', loop.branch], ['Started', loop.started && dateTime(loop.started)],
    [loop.status === 'active' ? 'At work since' : 'Last written', loop.since && dateTime(loop.since)], ['Log', loop.log],
    ['Problem', loop.problem], ['Left out', loop.omitted_bytes ? `${loop.omitted_bytes} bytes before what is shown` : null],
  ])];
  if (loop.sections?.length > 0) {
    const rows = loop.sections.map((it) => [it.name, it.phase, it.begun, `${it.lines}`]);
    parts.push(part('Sections', table('Sections', ['Name', 'Phase', 'Begun', 'Lines'], rows)));
  }
  return parts;
}

function decisions(found) {
  const list = element('ol', 'plain decisions');
  for (const decision of found.toReversed?.() ?? [...found].reverse()) {
    const line = element('li');
    const head = element('p', 'line soft');
    head.append(element('span', '', `${decision.n}`), element('span', '', decision.what), dateTime(decision.at));
    line.append(head, ...decision.reasons.map((reason) => element('p', '', reason.sentence ?? reason.word)));
    list.append(line);
  }
  return part('Decisions', list);
}

function conversation(found) {
  const list = element('ol', 'plain');
  for (const message of found.messages) {
    const line = element('li', message.role);
    line.append(element('p', 'soft', message.role === 'user' ? 'You' : 'Agent'), foreign('p', 'said', message.text));
    list.append(line);
  }
  return part('End of the conversation', list);
}

function protectedFiles(project) {
  const list = element('ul', 'plain');
  for (const path of project.paths) list.append(foreign('li', '', path));
  return part(`Protected files (${String(project.state).replaceAll('_', ' ')})`, list);
}

/** Reads something, or returns null where there is none. */
async function optional(path, show, isThere) {
  try {
    const found = await read(path);
    return isThere(found) ? show(found) : null;
  } catch (error) {
    if (error.status >= 400 && error.status < 500) return null;
    throw error;
  }
}

const KINDS = {
  session: {
    noun: 'Session',
    async parts(id) {
      const own = `sessions/${encodeURIComponent(id)}`;
      const session = await read(own);
      const more = await Promise.all([
        optional(`${own}/conversation`, conversation, (it) => it.messages?.length > 0),
        optional(`${own}/project`, protectedFiles, (it) => it.paths.length > 0),
        optional(`${own}/decisions`, decisions, (it) => it.length > 0),
      ]);
      const section = session.status === 'lost' ? 'lost' : session.status === 'ended' ? 'ended' : 'working';
      const item = { ...session, kind: 'session', section, title: session.transcript_stats?.title };
      return { item, parts: [...sessionParts(session), ...more.filter(Boolean)] };
    },
  },
  run: {
    noun: 'Run',
    async parts(id) {
      const own = `runs/${encodeURIComponent(id)}`;
      const run = await read(own);
      const more = await optional(`${own}/decisions`, decisions, (it) => it.length > 0);
      const item = { ...run, kind: 'run', section: run.active ? 'runs' : 'ended' };
      return { item, parts: [...runParts(run), more].filter(Boolean) };
    },
  },
  loop: {
    noun: 'Loop',
    async parts(id) {
      const loop = await read(`loops/${encodeURIComponent(id)}`);
      return { item: { ...loop, kind: 'loop', id, section: 'loops' }, parts: loopParts(loop) };
    },
  },
};

/** Reads what is shown again, and draws it. `item` is what the list knows about it. */
function refreshDetails(item) {
  const own = shown;
  own.listed = item;
  readDetails(own);
  // A record changes a moment before the audit says why.
  readLater(own);
}

function readLater(own) {
  clearTimeout(own.again);
  own.again = setTimeout(() => readDetails(own), AGAIN_MS);
}

/** Reads what is shown until nothing has changed meanwhile. */
async function readDetails(own) {
  own.isStale = true;
  if (own.isReading) return;
  own.isReading = true;
  while (own.isStale && own === shown) {
    own.isStale = false;
    await drawDetails(own);
  }
  own.isReading = false;
}

async function drawDetails(own) {
  try {
    const found = await KINDS[own.kind].parts(own.id);
    if (own !== shown) return;
    own.item = own.listed ?? found.item;
    setText(own.heading, heading(own.kind, { ...found.item, ...own.listed }));
    drawButtons(own);
    const body = element('div', 'parts');
    body.append(...found.parts);
    // What is the same stays, with what the user has selected in it.
    if (!body.isEqualNode(own.body)) own.body.replaceChildren(...body.children);
    if (own.kind === 'run') await showRunLog(own.log, own.id);
  } catch (error) {
    if (own !== shown) return;
    own.body.replaceChildren(element('p', '', error.message));
    if (error.status !== 404) readLater(own);
  }
}

/** Returns the heading of an item's own page. */
function heading(kind, item) {
  return `${KINDS[kind].noun} ${label({ ...item, kind })}`;
}

function drawButtons({ item, buttons }) {
  const names = actionsOf(item);
  const focused = buttons.contains(document.activeElement) ? document.activeElement.dataset.action : null;
  buttons.replaceChildren(...names.map((name) => {
    const made = button(ACTIONS[name].text, '', () => act(name, item));
    made.dataset.action = name;
    return made;
  }));
  if (focused) buttons.querySelector(`[data-action="${focused}"], button`)?.focus();
}

/** Shows a session, a run or a loop instead of the list. */
export function showDetails(kind, id, item) {
  hideDetails();
  const head = foreign('h2', '', heading(kind, item ?? { id }));
  Object.assign(head, { id: 'details-heading', tabIndex: -1 });
  const [buttons, body] = [element('p', 'buttons'), element('div', 'parts')];
  const content = [head, buttons, body];
  shown = { kind, id, heading: head, buttons, body, item: null, listed: item, isReading: false, isStale: false, end: () => {} };
  if (kind !== 'session') {
    shown.log = new Log(`Log of ${id}`);
    content.push(part('Log', shown.log.problem, shown.log.element));
  }
  byId('details').replaceChildren(...content);
  if (kind === 'loop') shown.end = followLoopLog(shown.log, id);
  head.focus();
  refreshDetails(item);
}

/** Ends what is shown. */
export function hideDetails() {
  clearTimeout(shown?.again);
  shown?.end();
  shown = null;
}

/** Tells the details what the list knows about their item now. They are read again if that changed. */
export function updateDetails(items) {
  if (!shown) return;
  const item = items.find((it) => it.kind === shown.kind && it.id === shown.id);
  if (item !== shown.listed) refreshDetails(item);
}

/** Returns the item that is shown, or undefined. */
export function itemInDetails() {
  return shown?.item ?? undefined;
}
