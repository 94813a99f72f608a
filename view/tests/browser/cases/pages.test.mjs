// The archive, one session, one run and its log, and loops of other programs.

import assert from 'node:assert/strict';

import { entry, open } from '../fixture/page.mjs';
import { check } from '../fixture/test.mjs';
import { until } from '../fixture/waiting.mjs';

check('all sessions are searched and paged', async (scratch, browser) => {
  const agent = await scratch.agent('claude');
  for (let number = 0; number < 3; number += 1) {
    await agent.begin(`old-${number}`);
    scratch.baton('session', 'name', `old-${number}`, `the parser ${number}`);
    await agent.hook('SessionEnd', `old-${number}`);
  }
  const page = await open(browser, await scratch.serve());
  await page.getByRole('link', { name: 'All sessions' }).click();
  const found = () => page.locator('#found .title').allTextContents();
  await until('the newest first', async () => (await found()).join() === 'the parser 2,the parser 1,the parser 0');
  await page.getByLabel('Search names, and newer titles and messages').fill('parser 1');
  await page.keyboard.press('Enter');
  await until('one', async () => (await found()).join() === 'the parser 1');
  assert.equal(new URL(page.url()).hash, '#/archive?text=parser%201');
  await page.goBack();
  await until('all again', async () => (await found()).length === 3);
  await page.goForward();
  await until('one again', async () => (await found()).length === 1);
  await page.getByRole('link', { name: 'the parser 1' }).click();
  await page.getByRole('heading', { name: 'Session the parser 1' }).waitFor();
  await page.getByRole('cell', { name: 'ended' }).first().waitFor();
  // The server gives a page at a time: here two of one session.
  const pages = { first: { sessions: ['a'], next: 'c1' }, c1: { sessions: ['b'], next: null } };
  const [like] = JSON.parse(scratch.baton('session', 'list', '--json')).sessions;
  await page.route('**/api/sessions?*', (route) => {
    const { sessions, next } = pages[new URL(route.request().url()).searchParams.get('cursor') ?? 'first'];
    return route.fulfill({ json: { sessions: sessions.map((id) => ({ ...like, id, name: null })), next, unreadable: [] } });
  });
  await page.getByRole('link', { name: 'All sessions' }).click();
  await until('the first page', async () => (await found()).join() === 'a');
  await page.getByRole('button', { name: 'Show more' }).click();
  await until('both pages', async () => (await found()).join() === 'a,b');
  await page.getByRole('button', { name: 'Show more' }).waitFor({ state: 'hidden' });
  assert.deepEqual(page.errors, []);
});

check('a session and a run are shown with their history, and follow the state', async (scratch, browser) => {
  const first = await scratch.agent('claude');
  await first.begin('s1');
  scratch.write('home/work/s1.jsonl', `${JSON.stringify({ type: 'user', sessionId: 's1', message: { role: 'user', content: 'words' } })}\n`);
  await first.tool('s1', 'baton run start nightly --max-iterations 8');
  first.kill();
  const second = await scratch.agent('claude');
  await second.hook('SessionStart', 's1', { source: 'resume' });
  const page = await open(browser, await scratch.serve());
  await entry(page, 'nightly').getByRole('link').click();
  await page.getByRole('heading', { name: 'Run nightly' }).waitFor();
  const earlier = page.getByRole('region', { name: 'Earlier owners' });
  await earlier.getByText(`pid ${first.pid}`).waitFor();
  await page.locator('.decisions').getByText('the process that continues its session takes over the run').waitFor();
  const log = page.getByRole('log');
  await log.getByText('started').first().waitFor();
  // The log grows while one looks at it.
  await second.tool('s1', 'baton run update nightly --phase review');
  await log.getByText('review').first().waitFor();
  await page.locator('dd', { hasText: 'review' }).waitFor();
  await page.getByRole('link', { name: 's1' }).first().click();
  await page.getByRole('heading', { name: 'Session s1' }).waitFor();
  const launches = page.getByRole('region', { name: 'Launches' });
  await launches.getByText(`pid ${first.pid}`).waitFor();
  await launches.getByText(`pid ${second.pid}`).waitFor();
  await launches.getByText(/^%2 of tmux ./).waitFor();
  await page.locator('dd', { hasText: 'in progress' }).waitFor();
  await page.getByRole('link', { name: 'nightly' }).waitFor();
  second.kill();
  await page.locator('dd', { hasText: 'lost' }).waitFor();
  await page.locator('dd', { hasText: 'interrupted: its last prompt got no answer' }).waitFor();
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  assert.deepEqual(page.errors, []);
});

check('protected files of a project are shown', async (scratch, browser) => {
  scratch.write('home/.config/baton/config.toml', `[[protect]]\nproject = "${scratch.work}"\npaths = ["AGENTS.md", "local.toml"]\n`);
  scratch.write('home/work/AGENTS.md', 'words');
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  const page = await open(browser, await scratch.serve());
  await entry(page, 's1').getByRole('link').click();
  await page.getByRole('heading', { name: /^Protected files \(/ }).waitFor();
  await page.getByText('AGENTS.md', { exact: true }).waitFor();
});

check('a change while the details are read is read after them', async (scratch, browser) => {
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await agent.tool('s1', 'baton run start nightly');
  const server = await scratch.serve();
  const page = await open(browser, server);
  let isOld = true;
  await page.route(/\/api\/runs\/[^/]+$/, async (route) => {
    // Node.js may not know the name of the server.
    const address = `http://127.0.0.1:${server.port}${new URL(route.request().url()).pathname}`;
    const response = await fetch(address, { headers: { authorization: `Bearer ${server.token}` } });
    const body = await response.text();
    if (isOld) {
      isOld = false;
      await agent.tool('s1', 'baton run update nightly --phase review');
      // The list is behind the details, and follows the state.
      await page.locator('#section-runs li', { hasText: 'review' }).waitFor({ state: 'attached' });
    }
    await route.fulfill({ status: response.status, contentType: 'application/json', body });
  });
  await entry(page, 'nightly').getByRole('link').click();
  await page.locator('dd', { hasText: 'review' }).waitFor();
  assert.deepEqual(page.errors, []);
});

check('details that cannot be read are read again', async (scratch, browser) => {
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  const page = await open(browser, await scratch.serve());
  const [details, decisions] = [/\/api\/sessions\/s1$/, /\/api\/sessions\/s1\/decisions$/];
  for (const path of [details, decisions]) await page.route(path, (route) => route.fulfill({ status: 503, json: { error: 'too busy' } }));
  await entry(page, 's1').getByRole('link').click();
  await page.locator('#details .parts', { hasText: 'too busy' }).waitFor();
  await page.unroute(details);
  await page.unroute(decisions);
  await page.locator('.decisions li').first().waitFor();
  assert.deepEqual(page.errors, []);
});

check('a session without a name is called by the beginning of its id', async (scratch, browser) => {
  const id = '0a1b2c3d-4e5f-4a6b-8c7d-0123456789ab';
  const agent = await scratch.agent('claude');
  await agent.begin(id);
  const page = await open(browser, await scratch.serve());
  for (const [list, link] of [['#/', '#sections .title a'], ['#/archive', '#found .title a']]) {
    await page.evaluate((hash) => { location.hash = hash; }, list);
    const title = page.locator(link);
    await title.waitFor();
    assert.deepEqual([await title.textContent(), await title.getAttribute('title')], ['0a1b2c3d', id]);
    await title.click();
    await page.getByRole('heading', { name: 'Session 0a1b2c3d', exact: true }).waitFor();
    await page.locator('dd', { hasText: id }).first().waitFor();
  }
  assert.deepEqual(page.errors, []);
});
