// What agents write is text, and other pages get nothing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';

import { entry, open } from '../fixture/page.mjs';
import { check } from '../fixture/test.mjs';
import { until } from '../fixture/waiting.mjs';

const TITLES = {
  markup: '<script>window.owned = true</script><img src=x onerror="window.owned = true">',
  direction: 'left \u202e right \u2066 left',
  combining: `z${'\u0334\u0335\u0336'.repeat(200)}`,
  long: 'x'.repeat(10_000),
  words: 'many words '.repeat(1_000),
  escape: 'a\u001b[31mred\u001b]0;title\u0007b',
};

/** Writes the transcript of a session with this title, as Claude Code does. */
function entitle(agent, session, title) {
  const lines = [
    { type: 'user', sessionId: session, message: { role: 'user', content: title }, uuid: 'u1', timestamp: '2026-01-01T00:00:00.000Z' },
    { type: 'ai-title', aiTitle: title, sessionId: session },
    { type: 'custom-title', customTitle: title, sessionId: session },
  ];
  writeFileSync(agent.transcript(session), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
}

for (const [name, viewport] of [['a wide window', { width: 1600, height: 900 }], ['360 pixels', { width: 360, height: 740 }]]) {
  check(`a hostile title is text that harms nothing in ${name}`, async (scratch, browser) => {
    const server = await scratch.serve();
    for (const [session, title] of Object.entries(TITLES)) {
      const agent = await scratch.agent('claude');
      await agent.begin(session, title);
      entitle(agent, session, title);
      await agent.hook('Stop', session);
    }
    const page = await open(browser, server, { viewport });
    await entry(page, '<script>window.owned').waitFor();
    const harmless = async (where) => {
      const state = await page.evaluate(() => ({
        owned: window.owned,
        elements: document.querySelectorAll('main script, main img').length,
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        heights: [...document.querySelectorAll('#sections li')].map((it) => it.offsetHeight),
        controls: /[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069]/.test(document.body.textContent),
      }));
      assert.deepEqual([state.owned, state.elements, state.overflow, state.controls], [undefined, 0, 0, false], where);
      for (const height of state.heights) assert.ok(height < 500, `${where}: an item is ${height} pixels high`);
    };
    await harmless('the list');
    await entry(page, '<script>window.owned').getByRole('link').click();
    await page.locator('#details .decisions li').first().waitFor();
    await harmless('a session');
    await page.evaluate(() => { location.hash = '#/sessions/long'; });
    await page.locator('#details .decisions li').first().waitFor();
    await harmless('a long title');
    assert.deepEqual(page.errors, []);
  });
}

/** Returns the status of the answer to a request of a program. */
async function status(server, headers, path = '/api/state') {
  const asked = request({ host: '127.0.0.1', port: server.port, path, headers: { host: server.address.host, ...headers } }).end();
  const [answer] = await once(asked, 'response');
  answer.resume();
  return answer.statusCode;
}

check('a request with a foreign Host, a foreign Origin or no token is refused', async (scratch) => {
  const server = await scratch.serve();
  const cookie = `baton-${server.port}=${server.token}`;
  for (const [headers, expected] of [
    [{ cookie }, 200],
    [{}, 401],
    [{ cookie: `baton-${server.port}=${'0'.repeat(64)}` }, 401],
    [{ cookie, host: `evil.example:${server.port}` }, 403],
    [{ cookie, host: `127.0.0.1:${server.port}` }, 401],
    [{ cookie, origin: 'http://evil.example' }, 403],
    [{ cookie, origin: 'null' }, 403],
    [{ cookie, 'sec-fetch-site': 'same-site' }, 403],
  ]) {
    assert.equal(await status(server, headers), expected, JSON.stringify(headers));
    assert.equal(await status(server, headers, '/'), expected, JSON.stringify(headers));
  }
});

/** A page of another port of this machine: the same site, so it gets the cookie. */
async function otherPage(scratch) {
  const other = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html');
    answer.end('<!doctype html><title>other</title><p>other</p>');
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  scratch.ending.push(() => {
    other.closeAllConnections?.();
    other.close();
  });
  return `http://127.0.0.1:${other.address().port}/`;
}

check('a page of another origin in the same browser can neither read nor act', async (scratch, browser) => {
  const server = await scratch.serve();
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await agent.tool('s1', 'baton run start nightly');
  const run = JSON.parse(scratch.baton('run', 'list', '--json')).runs[0].id;
  const context = await browser.newContext();
  const own = await open(browser, server, { context });
  await entry(own, 'nightly').getByText('active').waitFor();
  const page = await context.newPage();
  for (const origin of [await otherPage(scratch), (await otherPage(scratch)).replace('127.0.0.1', 'localhost')]) {
    await page.goto(origin);
    const found = await page.evaluate(async ([address, id]) => {
      const target = address;
      const attempts = {};
      const body = JSON.stringify({ action: 'cancel', id });
      const attempt = async (name, body) => { attempts[name] = await body().catch(() => 'refused'); };
      const load = (name, attributes) => new Promise((resolve) => {
        const made = Object.assign(document.createElement(name), attributes);
        made.onload = () => resolve('loaded');
        made.onerror = () => resolve('refused');
        document.body.append(made);
      });
      await attempt('read', async () => (await fetch(`${target}/api/state`, { credentials: 'include' })).text());
      await attempt('look', async () => (await fetch(`${target}/api/state`, { credentials: 'include', mode: 'no-cors' })).type);
      await attempt('events', () => new Promise((resolve) => {
        const events = new EventSource(`${target}/api/events`, { withCredentials: true });
        events.addEventListener('picture', () => resolve('read'));
        events.onerror = () => { events.close(); resolve('refused'); };
      }));
      await attempt('act', async () => (await fetch(`${target}/api/actions`, { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body })).status);
      await attempt('act simply', async () => (await fetch(`${target}/api/actions`, { method: 'POST', credentials: 'include', mode: 'no-cors', headers: { 'Content-Type': 'text/plain' }, body })).type);
      await attempt('script', () => load('script', { src: `${target}/view.js` }));
      await attempt('picture', () => load('img', { src: `${target}/icon.svg` }));
      await attempt('style', () => load('link', { rel: 'stylesheet', href: `${target}/view.css` }));
      // A form may be sent, and leads away from this page: into a frame, whose content cannot be read.
      const frame = Object.assign(document.createElement('iframe'), { name: 'frame' });
      document.body.append(frame);
      const form = Object.assign(document.createElement('form'), { method: 'post', action: `${target}/api/actions`, enctype: 'text/plain', target: 'frame' });
      form.append(Object.assign(document.createElement('input'), { name: body.slice(0, -1), value: '}' }));
      document.body.append(form);
      const sent = new Promise((resolve) => { frame.onload = resolve; });
      form.submit();
      await sent;
      await attempt('frame', async () => frame.contentDocument?.body?.textContent || 'refused');
      return attempts;
    }, [server.origin, run]);
    for (const [name, outcome] of Object.entries(found)) {
      // What a page may send without being allowed to read the answer looks opaque to it. The run shows that it did nothing.
      assert.ok(outcome === 'refused' || outcome === 'opaque', `${origin} ${name}: ${outcome}`);
    }
  }
  const shown = JSON.parse(scratch.baton('run', 'show', '--json', run));
  assert.equal(shown.status, 'active');
  await entry(own, 'nightly').getByRole('button', { name: 'Pause' }).click();
  await until('the own page still acts', () => JSON.parse(scratch.baton('run', 'show', '--json', run)).status === 'paused');
});

check('what another program left at the port before gets nothing', async (scratch, browser) => {
  // It listens first, and leaves a service worker that passes on what it sees and asks for the state itself.
  const seen = [];
  const worker = `
    const tell = (text) => fetch('http://127.0.0.1:COLLECTOR/' + encodeURIComponent(text), { mode: 'no-cors' });
    self.addEventListener('activate', (event) => event.waitUntil(clients.claim()));
    self.addEventListener('fetch', (event) => {
      tell('asked ' + event.request.url);
      event.respondWith(fetch(event.request));
    });
    self.addEventListener('message', (event) => event.waitUntil(
      fetch('/api/state').then(async (answer) => tell('state ' + answer.status), () => tell('state refused'))));`;
  const collector = createServer((asked, answer) => {
    seen.push(decodeURIComponent(asked.url.slice(1)));
    answer.end();
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const before = createServer((asked, answer) => {
    const isWorker = asked.url === '/worker.js';
    answer.setHeader('Content-Type', isWorker ? 'text/javascript' : 'text/html');
    answer.end(isWorker ? worker.replace('COLLECTOR', collector.address().port) : '<!doctype html><title>before</title>');
  });
  before.listen(0, '127.0.0.1');
  await once(before, 'listening');
  const { port } = before.address();
  scratch.ending.push(() => collector.close());
  const context = await browser.newContext();
  const old = await context.newPage();
  await old.goto(`http://127.0.0.1:${port}/`);
  await old.evaluate(async () => {
    await navigator.serviceWorker.register('/worker.js');
    await navigator.serviceWorker.ready;
  });
  before.closeAllConnections?.();
  before.close();
  const server = await scratch.serve('--port', String(port));
  const page = await open(browser, server, { context });
  await old.evaluate(async () => (await navigator.serviceWorker.ready).active.postMessage('go'));
  await until('the worker asked for the state', () => seen.some((text) => text.startsWith('state')));
  assert.ok(seen.includes('state 401'), seen.join());
  assert.ok(!seen.some((text) => text.includes('token') || text.includes('localhost')), seen.join());
  assert.deepEqual(page.errors, []);
});

check('another port of this machine gets no cookie and can set none', async (scratch, browser) => {
  const server = await scratch.serve();
  const context = await browser.newContext();
  const page = await open(browser, server, { context });
  const cookies = [];
  const other = createServer((asked, answer) => {
    cookies.push(asked.headers.cookie ?? '');
    answer.setHeader('Set-Cookie', [`baton-${server.port}=x; Path=/api`, `baton-${server.port}=x; Path=/; Domain=localhost`]);
    answer.end('other');
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  scratch.ending.push(() => other.close());
  const visitor = await context.newPage();
  for (const host of ['127.0.0.1', 'localhost', 'other.localhost']) await visitor.goto(`http://${host}:${other.address().port}/`);
  assert.ok(cookies.length >= 3 && !cookies.join().includes(server.token), cookies.join());
  await page.reload();
  await page.locator('#connection', { hasText: 'live' }).waitFor();
});

check('the page asks nobody else for anything', async (scratch, browser) => {
  const server = await scratch.serve();
  const context = await browser.newContext();
  const asked = new Set();
  context.on('request', (made) => asked.add(new URL(made.url()).origin));
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  const page = await open(browser, server, { context });
  for (const hash of ['#/sessions/s1', '#/archive?text=s', '#/']) {
    await page.evaluate((to) => { location.hash = to; }, hash);
    await page.waitForLoadState('load');
  }
  await entry(page, 's1').waitFor();
  assert.deepEqual([...asked], [server.origin]);
});
