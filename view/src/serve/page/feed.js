// Follows the feed of the server: a whole picture, then changes.

const RETRY_MS = 2000;

/** What is shown at this moment. */
export const picture = { problem: null, counts: [], items: [] };

let lastId = null;

/** Applies one change to a picture. */
export function apply(target, change) {
  const { items } = target;
  const place = (key) => items.findIndex((item) => item.key === key);
  const remove = (key) => {
    const at = place(key);
    if (at >= 0) items.splice(at, 1);
  };
  switch (change.change) {
    case 'remove': remove(change.key); break;
    case 'put':
      remove(change.item.key);
      items.splice(change.after === null ? 0 : place(change.after) + 1, 0, change.item);
      break;
    case 'counts': target.counts = change.counts; break;
    case 'problem': target.problem = change.problem; break;
  }
}

/**
 * Follows the feed. `changed` is called after each event, and `connection` with a sentence about the connection.
 * A browser reconnects by itself, unless the server refuses it: then it is asked again.
 */
export function follow(changed, connection) {
  const events = new EventSource(lastId === null ? 'api/events' : `api/events?after=${encodeURIComponent(lastId)}`);
  events.addEventListener('open', () => connection('live'));
  events.addEventListener('error', async () => {
    if (events.readyState !== EventSource.CLOSED) return connection('not connected, trying again');
    const answer = await fetch('api/settings').catch(() => null);
    connection(answer?.status === 401
      ? 'the server was started again: open the address that it printed'
      : 'not connected, trying again');
    setTimeout(() => follow(changed, connection), RETRY_MS);
  });
  events.addEventListener('picture', (event) => {
    const { problem, counts, items } = JSON.parse(event.data);
    Object.assign(picture, { problem, counts, items });
    lastId = event.lastEventId;
    changed();
  });
  events.addEventListener('changes', (event) => {
    for (const change of JSON.parse(event.data)) apply(picture, change);
    lastId = event.lastEventId;
    changed();
  });
}
