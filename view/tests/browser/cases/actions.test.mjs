// Each button does what the command of baton with its name does.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

import { entry, open } from '../fixture/page.mjs';
import { check } from '../fixture/test.mjs';
import { until } from '../fixture/waiting.mjs';

const json = (scratch, ...args) => JSON.parse(scratch.baton(...args, '--json'));
const press = (page, title, name) => entry(page, title).getByRole('button', { name: new RegExp(`^${name}:`) }).click();

check('a session is named, pinned, unpinned and copied, and its pane is selected', async (scratch, browser) => {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const server = await scratch.serve();
  const first = await scratch.agent('claude');
  await first.begin('s1');
  const second = await scratch.agent('codex');
  await second.begin('s2');
  const page = await open(browser, server, { context });
  await press(page, 's1', 'Name');
  await page.getByLabel('Name, 1 to 64 characters').fill('the <b>parser</b>');
  await page.getByRole('button', { name: 'Send' }).click();
  await entry(page, 'the <b>parser</b>').waitFor();
  assert.equal(json(scratch, 'session', 'show', 's1').name, 'the <b>parser</b>');
  await press(page, 'parser', 'Pin');
  await entry(page, 'parser').getByText('pinned', { exact: true }).waitFor();
  assert.equal(json(scratch, 'session', 'show', 's1').pinned, true);
  await press(page, 'parser', 'Unpin');
  await entry(page, 'parser').getByText('pinned', { exact: true }).waitFor({ state: 'detached' });
  await press(page, 'parser', 'Copy id');
  await until('the id is copied', async () => await page.evaluate(() => navigator.clipboard.readText()) === 's1');
  const window = () => scratch.tmux('display-message', '-p', '-t', first.pane, '#{window_active}');
  assert.equal(window(), '0');
  await press(page, 's2', 'Go to pane');
  await page.locator('#outcome', { hasText: 's2 is in pane' }).waitFor();
  assert.equal(window(), '0');
  await press(page, 'parser', 'Go to pane');
  await page.locator('#outcome', { hasText: 's1 is in pane' }).waitFor();
  assert.equal(window(), '1');
  assert.deepEqual(page.errors, []);
});

check('a run is paused, continued and cancelled, and cancelling asks first', async (scratch, browser) => {
  const server = await scratch.serve();
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await agent.tool('s1', 'baton run start nightly');
  const [{ id }] = json(scratch, 'run', 'list').runs;
  const status = () => json(scratch, 'run', 'show', id).status;
  const page = await open(browser, server);
  await press(page, 'nightly', 'Pause');
  await page.locator('#section-waiting', { hasText: 'nightly' }).waitFor();
  assert.equal(status(), 'paused');
  await press(page, 'nightly', 'Continue');
  await page.locator('#section-runs', { hasText: 'nightly' }).waitFor();
  assert.equal(status(), 'active');
  await press(page, 'nightly', 'Cancel');
  await page.getByRole('button', { name: 'No', exact: true }).click();
  assert.equal(status(), 'active');
  await press(page, 'nightly', 'Cancel');
  await page.getByRole('button', { name: 'Yes', exact: true }).click();
  await entry(page, 'nightly').waitFor({ state: 'detached' });
  assert.equal(status(), 'cancelled');
});

check('an agent that waits is answered and dismissed', async (scratch, browser) => {
  scratch.write('home/.config/baton/config.toml', '[view]\nanswer = true\n');
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await agent.hook('Stop', 's1');
  const page = await open(browser, await scratch.serveInPane());
  await press(page, 's1', 'Answer');
  await page.getByLabel(`This line is typed for claude in ${agent.pane}`).fill('yes, go on');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.locator('#outcome', { hasText: 's1 was answered' }).waitFor();
  await until('the text is in the pane', () => scratch.tmux('capture-pane', '-p', '-t', agent.pane).includes('yes, go on'));
  await press(page, 's1', 'Dismiss');
  await entry(page, 's1').waitFor({ state: 'detached' });
  assert.equal(json(scratch, 'session', 'show', 's1').dismissed, true);
  assert.deepEqual(page.errors, []);
});

check('a run is adopted by the session that is left', async (scratch, browser) => {
  const first = await scratch.agent('claude');
  await first.begin('s1');
  await first.tool('s1', 'baton run start nightly');
  const second = await scratch.agent('codex');
  await second.begin('s2');
  first.kill();
  const page = await open(browser, await scratch.serve());
  await entry(page, 'nightly').getByText('interrupted', { exact: true }).waitFor();
  await press(page, 'nightly', 'Adopt');
  await page.locator('#section-runs', { hasText: 'nightly' }).waitFor();
  assert.equal(json(scratch, 'run', 'list').runs[0].owner.session, 's2');
});

check('a lost session is resumed in a pane of its own', async (scratch, browser) => {
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  scratch.write('home/work/s1.jsonl', `${JSON.stringify({ type: 'user', sessionId: 's1', message: { role: 'user', content: 'words' } })}\n`);
  // What the user's shell finds as claude.
  scratch.write('path/claude', '#!/bin/sh\necho "$TMUX_PANE $*" >"$HOME/resumed.new" && mv "$HOME/resumed.new" "$HOME/resumed"\nexec sleep 1000\n', 0o755);
  agent.kill();
  const page = await open(browser, await scratch.serve());
  await press(page, 's1', 'Resume');
  const resumed = scratch.path('home/resumed');
  await until('the command runs in a pane', () => existsSync(resumed));
  assert.match(readFileSync(resumed, 'utf8'), /^%2 --resume s1\n$/);
});

check('a refusal says why, and a server that is read-only has no buttons that act', async (scratch, browser) => {
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await agent.tool('s1', 'baton run start nightly');
  const page = await open(browser, await scratch.serve());
  await entry(page, 'nightly').waitFor();
  // Somebody else was faster.
  await page.route('**/api/actions', async (route) => {
    scratch.baton('run', 'cancel', 'nightly');
    await route.continue();
  });
  await press(page, 'nightly', 'Pause');
  await page.locator('#outcome', { hasText: 'cancelled' }).waitFor();
  await page.locator('#outcome').getByRole('button').click();
  await page.locator('#outcome').waitFor({ state: 'hidden' });
  // A server that is read-only shows what there is, and no button that acts.
  await agent.tool('s1', 'baton run start weekly');
  const other = await open(browser, await scratch.serve('--read-only'));
  const buttons = (title) => entry(other, title).getByRole('button').allTextContents();
  for (const title of ['s1', 'weekly']) {
    await entry(other, title).waitFor();
    assert.deepEqual(await buttons(title), ['Copy id'], title);
  }
  const answer = await other.evaluate(async () => {
    const headers = { 'Content-Type': 'application/json' };
    const answered = await fetch('api/actions', { method: 'POST', headers, body: '{"action":"pin","id":"s1"}' });
    return { status: answered.status, ...await answered.json() };
  });
  assert.equal(answer.status, 403);
  assert.match(answer.error, /--read-only/);
  assert.equal(json(scratch, 'session', 'show', 's1').pinned, false);
  assert.deepEqual(other.errors, []);
});
