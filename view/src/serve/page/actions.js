// What can be done to an item: one of baton's own commands.

import { byId, say, setText } from './dom.js';
import { post, settings } from './server.js';

/** The actions: their text, and their key. */
export const ACTIONS = {
  answer: { text: 'Answer', key: 'w' },
  go: { text: 'Go to pane', key: 'g' },
  resume: { text: 'Resume', key: 'r' },
  adopt: { text: 'Adopt', key: 'a' },
  pause: { text: 'Pause', key: 'p' },
  continue: { text: 'Continue', key: 'c' },
  cancel: { text: 'Cancel', key: 'x' },
  dismiss: { text: 'Dismiss', key: 'd' },
  name: { text: 'Name', key: 'n' },
  pin: { text: 'Pin', key: '*' },
  unpin: { text: 'Unpin', key: '*' },
  copy: { text: 'Copy id', key: 'y' },
};

const SHORT_ID = 8; // how much of a session's id is shown where it has no name

/** Returns what an item is called. */
export function label(item) {
  return item.name || item.title || (item.kind === 'session' ? item.id.slice(0, SHORT_ID) : item.id);
}

/** Shows what an item is called, and its whole id to who points at it where that is all there is. */
export function showLabel(target, item) {
  setText(target, label(item));
  target.title = item.name || item.title ? '' : item.id;
}

/** Returns the names of the actions that an item has. */
export function actionsOf(item) {
  const found = new Set();
  if (item.kind === 'session') {
    const isAlive = !['lost', 'ended', 'unknown'].includes(item.section);
    if (isAlive && item.section === 'waiting' && settings.answer) found.add('answer');
    if (item.section !== 'lost' && item.section !== 'ended') found.add('go');
    if (item.section === 'lost' || item.section === 'ended') found.add('resume');
    if (item.section === 'waiting' && settings.dismiss) found.add('dismiss');
    found.add('name').add(item.pinned ? 'unpin' : 'pin');
  }
  if (item.kind === 'run' && item.section === 'elsewhere') {
    // Its pane is on the other machine.
    if (settings.adopt) found.add('adopt');
  } else if (item.kind === 'run' && item.section !== 'ended') {
    if (item.status !== 'interrupted') found.add('go');
    if (settings.adopt) found.add('adopt');
    found.add(['paused', 'waiting'].includes(item.status) ? 'continue' : 'pause').add('cancel');
  }
  if (settings.read_only) found.clear();
  return [...found, 'copy'];
}

/** Runs an action on an item, after asking what has to be asked. */
export async function act(action, item) {
  const request = { action, id: item.id };
  try {
    if (action === 'copy') {
      await navigator.clipboard.writeText(item.id);
      return say(`copied ${item.id}`);
    }
    if (action === 'cancel' && !await isConfirmed(`Cancel the run ${label(item)} for good?`)) return;
    if (action === 'name') {
      request.name = await askFor(`Name ${label(item)}`, 'Name, 1 to 64 characters', item.name || '', 64);
      if (request.name === null) return;
    }
    if (action === 'answer') {
      const whom = [item.agent, item.pane && `in ${item.pane}`].filter(Boolean).join(' ');
      const asked = item.since; // the item may change while the user types
      request.text = await askFor(`Answer ${label(item)}`, `This line is typed for ${whom || 'the agent'}`, '', 2000, item.question);
      if (request.text === null) return;
      request.asked = asked;
    }
    say(await post(request));
  } catch (error) {
    say(error.message);
  }
}

/** Asks whether to do something. */
function isConfirmed(question) {
  const dialog = byId('confirm');
  setText(byId('question'), question);
  return closed(dialog).then(() => dialog.returnValue === 'yes');
}

/** Asks for a line, below a text that somebody else wrote. Returns null if the user gives none. */
async function askFor(heading, text, value, length, quote = '') {
  const [dialog, input] = [byId('ask'), byId('ask-text')];
  setText(byId('ask-heading'), heading);
  setText(byId('ask-label'), text);
  setText(byId('ask-quote'), quote ?? '');
  Object.assign(input, { value, maxLength: length });
  byId('ask-cancel').onclick = () => dialog.close('no');
  await closed(dialog);
  return dialog.returnValue === 'yes' ? input.value : null;
}

/** Shows a dialog until it is closed. The browser then gives the focus back. */
function closed(dialog) {
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
}
