// A log: its newest lines, in a box that stays at its end while one looks at the end.

import { element } from './dom.js';
import { readText } from './server.js';

const MAX_LINES = 10_000;

export class Log {
  constructor(name) {
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
    this.change(() => this.element.replaceChildren(...lines.slice(-MAX_LINES).map((line) => element('div', 'row', line))));
  }

  /** Adds lines. Of too many, the newest stay. */
  append(lines) {
    this.change(() => {
      this.element.append(...lines.map((line) => element('div', 'row', line)));
      while (this.element.children.length > MAX_LINES) this.element.firstChild.remove();
    });
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
  const text = await readText(`runs/${encodeURIComponent(id)}/log`);
  log.replace(text.replace(/\n$/, '').split('\n'));
}

/** Follows the log of a loop of another program, until the function that it returns is called. */
export function followLoopLog(log, id) {
  const events = new EventSource(`api/loops/${encodeURIComponent(id)}/events`);
  const waiting = []; // lines that come together are drawn together
  const draw = () => log.append(waiting.splice(0));
  events.addEventListener('message', (event) => {
    if (waiting.push(event.data) === 1) setTimeout(draw);
  });
  events.addEventListener('begun_anew', () => {
    waiting.length = 0;
    log.replace([]);
  });
  events.addEventListener('problem', (event) => log.append([event.data]));
  return () => events.close();
}
