// The machines of the fleet: how old the word of each is, and the choice of one.

import { byId, element } from './dom.js';
import { picture } from './feed.js';

const OLD_WORD_MS = 5 * 60_000; // from when on it says nothing about what is alive there
const IN_SECONDS_MS = 2 * 60_000; // up to when an age is given in seconds
const ALL = '';

/** Returns the name of a machine and how old its word is, as `baton status` says it. */
export function machineText(name) {
  const machine = picture.machines.find((it) => it.name === name);
  if (!machine) return name;
  const ms = Math.max(0, Date.now() - Date.parse(machine.heard_at));
  if (ms < IN_SECONDS_MS) return `${name}, ${Math.floor(ms / 1000)} s ago`;
  const minutes = Math.floor(ms / 60_000);
  const ago = minutes < 120 ? `${minutes} min` : minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
  return ms > OLD_WORD_MS ? `${name}, last heard ${ago} ago` : `${name}, ${ago} ago`;
}

/** Returns whether an item is on the chosen machine. */
export function isOnMachine(item) {
  const chosen = byId('machine').value;
  if (chosen === ALL || byId('machine-choice').hidden) return true;
  const own = picture.machines.find((it) => it.is_here)?.name;
  return (item.machine ?? own) === chosen;
}

/** Shows the choice where there is more than one machine. */
export function drawMachines() {
  const [choice, select] = [byId('machine-choice'), byId('machine')];
  choice.hidden = picture.machines.length < 2;
  const names = [ALL, ...picture.machines.map((it) => it.name)];
  if (names.join('\n') === [...select.options].map((it) => it.value).join('\n')) return;
  const chosen = select.value;
  select.replaceChildren(...names.map((name) => {
    const option = element('option', '', name === ALL ? 'all' : name);
    option.value = name;
    option.selected = name === chosen;
    return option;
  }));
}

/** Calls `changed` when another machine is chosen. */
export function prepareMachines(changed) {
  byId('machine').addEventListener('change', changed);
}
