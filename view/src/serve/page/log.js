// A log: its newest lines, in a box that stays at its end while one looks at the end.

import { element, setText } from './dom.js';
import { read, readText } from './server.js';

const MAX_LINES = 10_000;
const MAX_CHARACTERS = 2 * 1024 * 1024;
const RETRY_MS = 2000;

/** Returns the newest of these lines, as many as are kept. */
function newest(lines) {
  let [first, characters] = [lines.length, 0];
  while (first > 0 && lines.length - first < MAX_LINES) {
    characters += lines[first - 1].length;
    if (characters > MAX_CHARACTERS) break;
    first -= 1;
  }
  return lines.slice(first);
}

export class Log {
  constructor(name) {
    this.queue = []; // lines that come together are drawn together
    this.queued = 0; // how many characters these have
    this.characters = 0; // how many are shown
    this.problem = element('p', 'problem');
    this.problem.setAttribute('role', 'status');
    // A live region would read every line aloud.
    this.element = element('div', 'log');
    this.element.tabIndex = 0;
    this.element.setAttribute('role', 'log');
    this.element.setAttribute('aria-live', 'off');
    this.element.setAttribute('aria-label', name);
  }

  /** Shows these lines and no others. */
  replace(lines) {
    if (lines.length === this.element.children.length && lines.at(-1) === this.element.lastChild?.textContent) return;
    this.change(() => {
      this.element.replaceChildren();
      this.characters = 0;
      this.add(newest(lines));
    });
  }

  /** Adds a line. Of too many, the newest stay. */
  append(line) {
    if (this.queue.push(line) === 1) setTimeout(() => this.draw());
    this.queued += line.length;
    // A window that nobody sees draws seldom.
    if (this.queue.length >= 2 * MAX_LINES || this.queued >= 2 * MAX_CHARACTERS) {
      this.queue = newest(this.queue);
      this.queued = this.queue.reduce((sum, it) => sum + it.length, 0);
    }
  }

  /** Shows no lines. */
  clear() {
    this.queue.length = 0;
    this.queued = 0;
    this.replace([]);
  }

  /** Shows why the log cannot be read, or with an empty text, that it can be. */
  tell(problem) {
    setText(this.problem, problem);
  }

  draw() {
    const lines = newest(this.queue.splice(0));
    this.queued = 0;
    this.change(() => this.add(lines));
  }

  /** Adds lines to those that are shown, and takes away the oldest. */
  add(lines) {
    const rows = this.element.children;
    this.element.append(...lines.map((line) => element('div', 'row', line)));
    this.characters += lines.reduce((sum, line) => sum + line.length, 0);
    while (rows.length > MAX_LINES || this.characters > MAX_CHARACTERS) {
      this.characters -= rows[0].textContent.length;
      rows[0].remove();
    }
  }

  /** Changes the lines. */
  change(body) {
    const box = this.element;
    const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
    body();
    if (isAtEnd) box.scrollTop = box.scrollHeight;
  }
}

/** Shows the log of a run, as it is now. */
export async function showRunLog(log, id) {
  try {
    const text = await readText(`runs/${encodeURIComponent(id)}/log`);
    log.replace(text.replace(/\n$/, '').split('\n'));
    log.tell('');
  } catch (error) {
    log.tell(error.message);
  }
}

/** Follows the log of a loop of another program, until the function that it returns is called. */
export function followLoopLog(log, id) {
  const address = `loops/${encodeURIComponent(id)}`;
  let [events, again, lastId] = [null, undefined, ''];
  const connect = () => {
    events = new EventSource(`api/${address}/events?after=${encodeURIComponent(lastId)}`);
    const listen = (name, body) => events.addEventListener(name, (event) => {
      lastId = event.lastEventId || lastId;
      body(event.data);
    });
    listen('message', (line) => log.append(line));
    listen('begun_anew', () => log.clear());
    listen('problem', (text) => log.tell(text));
    events.addEventListener('open', () => log.tell(''));
    events.addEventListener('error', () => {
      // A browser reconnects by itself, unless the server refuses it.
      if (events.readyState !== EventSource.CLOSED) return;
      again = setTimeout(connect, RETRY_MS);
      read(address).catch((error) => log.tell(error.message));
    });
  };
  const close = () => {
    clearTimeout(again);
    events?.close();
  };
  // A tab that nobody sees leaves its connection to the others: a browser has six to a server.
  const look = () => {
    close();
    if (!document.hidden) connect();
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    close();
  };
}
