// Asks the server of this page.

/** What this server lets one do. A server that does not say lets one do everything but answer. */
export const settings = { read_only: false, answer: false };

/** Reads the settings of the server. */
export async function readSettings() {
  // A server that answers knows these actions too.
  const more = await read('settings').then((found) => ({ adopt: true, dismiss: true, ...found }), () => ({}));
  Object.assign(settings, more);
}

/** Why the server gave no answer, or another one than was asked for. It has no status if it gave none. */
class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Returns what stands at a path below `api/`. Throws a refusal that says why not. */
export async function read(path) {
  const answer = await ask(path);
  return answer.json();
}

/** The same, as text. */
export async function readText(path) {
  const answer = await ask(path);
  return answer.text();
}

/** Runs an action, and returns what it printed. */
export async function post(action) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await ask('actions', { method: 'POST', headers, body: JSON.stringify(action) });
  return (await answer.json()).output || 'done';
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(`api/${path}`, options);
  } catch (error) {
    throw new Refusal(`the server does not answer: ${error.message}`);
  }
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  throw new Refusal(body.error || `the server answers ${answer.status}`, answer.status);
}
