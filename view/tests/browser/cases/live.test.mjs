// The page follows the state: what it shows first, changes, a cut connection, another server.

import assert from 'node:assert/strict';

import { entry, open, titles } from '../fixture/page.mjs';
import { check } from '../fixture/test.mjs';
import { until } from '../fixture/waiting.mjs';

check('the first picture says how to begin, or shows what there is', async (scratch, browser) => {
  const server = await scratch.serve();
  const empty = await open(browser, server);
  await empty.getByText('Sessions appear here').waitFor();
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await entry(empty, 's1').getByText('active').waitFor();
  const page = await open(browser, server);
  await entry(page, 's1').getByText('active').waitFor();
  assert.equal(new URL(page.url()).search, '', 'the token is not kept in the address');
});

check('a change is shown while it happens', async (scratch, browser) => {
  const page = await open(browser, await scratch.serve());
  const agent = await scratch.agent('claude');
  await agent.hook('SessionStart', 's1');
  await until('opened', async () => (await titles(page, 'opened')).includes('s1'));
  await agent.hook('UserPromptSubmit', 's1', { prompt: 'words' });
  await until('at work', async () => (await titles(page, 'working')).includes('s1'));
  await agent.hook('Stop', 's1');
  await until('waiting', async () => (await titles(page, 'waiting')).includes('s1'));
  assert.equal(await page.title(), '(1) baton');
  agent.kill();
  await until('lost', async () => (await titles(page, 'lost')).includes('s1'));
  assert.deepEqual(page.errors, []);
});
