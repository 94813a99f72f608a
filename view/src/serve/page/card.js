// One item of the list. Its element stays the same while the item changes, and so does what has the focus in it.

import { ACTIONS, act, actionsOf, label, showLabel } from './actions.js';
import { age, button, element, foreign, setText } from './dom.js';
import { machineText } from './machines.js';

const LONG_SILENCE_MS = 5 * 60_000; // from when on it is said

/** Returns the address of an item's own page, or null if it has none. */
export function address(item) {
  const pages = { session: 'sessions', run: 'runs', loop: 'loops' };
  return pages[item.kind] ? `#/${pages[item.kind]}/${encodeURIComponent(item.id)}` : null;
}

/** Returns the parts of a text about an item, of those that are known. */
function known(parts) {
  return parts.filter((part) => part !== null && part !== undefined && part !== '');
}

/** Creates the display of how full a context is. */
function contextUsage(item) {
  if (!item.context_window) return element('span', '', `${item.context} tokens`);
  const meter = element('meter');
  Object.assign(meter, { max: item.context_window, high: item.context_window * 0.8, value: item.context });
  const text = `context: ${item.context} of ${item.context_window} tokens`;
  meter.setAttribute('aria-label', text);
  meter.title = text;
  return meter;
}

export class Card {
  constructor(item) {
    [this.time, this.active, this.machine] = [null, null, null];
    this.element = element('li');
    this.status = element('p', 'line');
    this.title = element('h3', 'title');
    const target = address(item);
    this.link = target === null ? this.title : element('a');
    if (target !== null) {
      this.link.href = target;
      this.title.append(this.link);
    }
    this.link.dir = 'auto';
    this.quote = foreign('p', 'quote', '');
    this.facts = element('p', 'line soft');
    this.buttons = element('p', 'buttons');
    this.element.append(this.title, this.status, this.quote, this.facts, this.buttons);
    this.update(item);
  }

  /** Shows this item instead. */
  update(item) {
    this.item = item;
    showLabel(this.link, item);
    this.time = null;
    this.status.replaceChildren(...this.statusParts(item));
    const quote = item.command || item.question || item.prompt || '';
    setText(this.quote, quote);
    this.quote.hidden = quote === '';
    this.facts.replaceChildren(...this.factParts(item));
    this.updateButtons(item);
    this.tick();
  }

  statusParts(item) {
    const parts = [element('strong', 'status', item.status)];
    for (const text of known([item.agent, item.pane])) parts.push(foreign('span', '', text));
    if (item.owner_pane) parts.push(element('span', '', `owned in ${item.owner_pane}`));
    this.machine = item.machine === null ? null : foreign('span', 'machine', machineText(item.machine));
    if (this.machine) parts.push(this.machine);
    if (item.since) {
      this.time = element('time', 'soft');
      this.time.dateTime = item.since;
      parts.push(this.time);
    }
    if (item.pinned) parts.push(element('span', 'soft', 'pinned'));
    return parts;
  }

  factParts(item) {
    const iteration = item.iteration === null ? null
      : `${item.run ? `${item.run} ` : ''}iteration ${item.iteration}${item.max_iterations === null ? '' : `/${item.max_iterations}`}`;
    // The task and the section of a loop are often the same words.
    const section = item.log_section === item.task ? null : item.log_section;
    const texts = [item.project?.split('/').pop(), item.branch, item.model, item.phase, section, item.task, iteration, item.reason];
    const parts = known(texts).map((text) => foreign('span', '', text));
    if (item.context !== null) parts.push(contextUsage(item));
    this.active = item.active ? element('time', '') : null;
    if (this.active) {
      this.active.dateTime = item.active;
      parts.push(this.active);
    }
    if (item.turn_tokens) parts.push(element('span', '', `${item.turn_tokens} tokens this turn`));
    return parts;
  }

  updateButtons(item) {
    const names = actionsOf(item);
    const before = new Map([...this.buttons.children].map((it) => [it.dataset.action, it]));
    for (const [name, old] of before) if (!names.includes(name)) old.remove();
    names.forEach((name, at) => {
      const { text } = ACTIONS[name];
      const made = before.get(name) ?? button(text, '', () => act(name, this.item));
      made.dataset.action = name;
      made.setAttribute('aria-label', `${text}: ${label(item).slice(0, 100)}`);
      if (this.buttons.children[at] !== made) this.buttons.insertBefore(made, this.buttons.children[at] ?? null);
    });
  }

  /** Shows how old the word of its machine is, how long it has its status, and how long its agent has written nothing if that is long: a tool may take some minutes. */
  tick() {
    if (this.time) setText(this.time, age(this.time.dateTime));
    if (this.machine) setText(this.machine, machineText(this.item.machine));
    if (!this.active) return;
    const isLong = Date.now() - Date.parse(this.active.dateTime) >= LONG_SILENCE_MS;
    setText(this.active, isLong ? `silent for ${age(this.active.dateTime)}` : '');
  }
}
