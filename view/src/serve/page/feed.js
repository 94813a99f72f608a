// Follows the feed of the server: a whole picture, then changes.

const RETRY_MS = 2000;

/** What is shown at this moment. */
export const picture = { problem: null, counts: [], items: [], machines: [] };

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
    case 'machines': target.machines = change.machines; break;
    case 'problem': target.problem = change.problem; break;
  }
}

/**
 * Follows the feed. `changed` is called after each event, and `connection` with a sentence about the connection.
 * A browser reconnects by itself, unless the server refuses it: then it is asked again.
 */
export function follow(changed, connection) {
  const connect = () => {
    const events = new EventSource(lastId === null ? 'api/events' : `api/events?after=${encodeURIComponent(lastId)}`);
    let again;
    events.addEventListener('open', () => connection('live'));
    events.addEventListener('error', async () => {
      if (events.readyState !== EventSource.CLOSED) return connection('not connected, trying again');
      again = setTimeout(() => { close = connect(); }, RETRY_MS);
      const answer = await fetch('api/settings').catch(() => null);
      connection([401, 403].includes(answer?.status)
        ? 'the server was started again: open the address that it printed'
        : 'not connected, trying again');
    });
    events.addEventListener('picture', (event) => {
      const { problem, counts, items, machines } = JSON.parse(event.data);
      Object.assign(picture, { problem, counts, items, machines });
      lastId = event.lastEventId;
      changed();
    });
    events.addEventListener('changes', (event) => {
      for (const change of JSON.parse(event.data)) apply(picture, change);
      lastId = event.lastEventId;
      changed();
    });
    return () => {
      clearTimeout(again);
      events.close();
    };
  };
  let close = connect();
  if (!navigator.locks) return;
  // A browser has six connections to a server, for all of its tabs. Of the tabs that nobody sees one stays connected, for notifications and
  // its title. The others go on where they were once they are seen, or once it is closed.
  let leave = () => {};
  document.addEventListener('visibilitychange', () => {
    leave();
    close();
    if (!document.hidden) {
      close = connect();
      return;
    }
    const seen = new AbortController();
    const held = new Promise((resolve) => seen.signal.addEventListener('abort', resolve));
    leave = () => seen.abort();
    const stay = () => {
      close = connect();
      return held;
    };
    navigator.locks.request('baton-background', { signal: seen.signal }, stay).catch(() => {});
  });
}
