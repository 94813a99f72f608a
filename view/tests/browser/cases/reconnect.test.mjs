// A cut connection, a killed server, several tabs: nobody misses a change or sees one twice.

import assert from 'node:assert/strict';

import { connection, entry, open, setHidden, titles } from '../fixture/page.mjs';
import { Proxy } from '../fixture/proxy.mjs';
import { check } from '../fixture/test.mjs';
import { until } from '../fixture/waiting.mjs';

/** Notes the number of each event that the page receives, in `events`. */
const NOTE_EVENTS = `
  window.events = [];
  const add = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, listener, ...more) {
    if (name !== 'picture' && name !== 'changes') return add.call(this, name, listener, ...more);
    return add.call(this, name, (event) => { window.events.push([name, event.lastEventId]); listener(event); }, ...more);
  };`;

/** Returns the numbers of the events, of which a picture must be the first and only one. */
async function numbers(page) {
  const events = await page.evaluate(() => window.events);
  assert.deepEqual(events.map(([name], at) => name === (at === 0 ? 'picture' : 'changes')), events.map(() => true), JSON.stringify(events));
  return events.map(([, id]) => Number(id.split('-')[1]));
}

check('after a cut connection the page has each change once', async (scratch, browser) => {
  const proxy = await Proxy.start(scratch);
  const context = await browser.newContext(proxy.options);
  await context.addInitScript(NOTE_EVENTS);
  const page = await open(browser, await scratch.serve(), { context });
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await entry(page, 's1').getByText('active').waitFor();
  for (const round of [1, 2]) {
    proxy.cut();
    await connection(page, 'not connected, trying again');
    const other = await scratch.agent('codex');
    await other.begin(`s2-${round}`);
    await agent.hook('Stop', 's1');
    await agent.hook('UserPromptSubmit', 's1', { prompt: 'more' });
    await other.hook('Stop', `s2-${round}`);
    proxy.mend();
    await connection(page, 'live');
    await until('what happened meanwhile', async () => (await titles(page, 'waiting')).includes(`s2-${round}`));
  }
  assert.deepEqual(await titles(page, 'working'), ['s1']);
  const seen = await numbers(page);
  assert.ok(seen.length > 5, String(seen));
  assert.deepEqual(seen, seen.map((_, at) => seen[0] + at), 'no gap and no repetition');
});

check('a page says that its server was killed, and the new address shows what happened since', async (scratch, browser) => {
  const server = await scratch.serve();
  const context = await browser.newContext();
  const page = await open(browser, server, { context });
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await entry(page, 's1').getByText('active').waitFor();
  await server.kill();
  await connection(page, 'not connected, trying again');
  await agent.hook('Stop', 's1');
  const again = await server.restart();
  await connection(page, 'open the address that it printed');
  assert.deepEqual(await titles(page, 'working'), ['s1'], 'what was known stays');
  const other = await open(browser, again, { context });
  await until('the new picture', async () => (await titles(other, 'waiting')).includes('s1'));
  assert.deepEqual([page.errors, other.errors], [[], []]);
});

check('two tabs show the same', async (scratch, browser) => {
  const server = await scratch.serve();
  const context = await browser.newContext();
  const tabs = [await open(browser, server, { context }), await open(browser, server, { context })];
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await agent.tool('s1', 'baton run start nightly');
  for (const tab of tabs) await entry(tab, 'nightly').getByText('active').waitFor();
  await entry(tabs[0], 'nightly').getByRole('button', { name: 'Pause' }).click();
  for (const tab of tabs) await entry(tab, 'nightly').getByText('paused', { exact: true }).waitFor();
  await tabs[0].close();
  await entry(tabs[1], 'nightly').getByRole('button', { name: 'Continue' }).click();
  await entry(tabs[1], 'nightly').getByText('active', { exact: true }).waitFor();
});

check('many tabs in the background do not use up the connections of the browser', async (scratch, browser) => {
  const server = await scratch.serve();
  const context = await browser.newContext();
  const tabs = [];
  for (let number = 0; number < 9; number += 1) {
    tabs.push(await open(browser, server, { context }));
    await setHidden(tabs[number], true);
  }
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await agent.hook('Stop', 's1');
  // The first stays connected, and its title says what waits.
  await until('the title of a tab in the background', async () => await tabs[0].title() === '(1) baton');
  assert.equal(await tabs[8].title(), 'baton');
  await tabs[0].close();
  await until('another one takes its place', async () => {
    const titlesNow = await Promise.all(tabs.slice(1).map((tab) => tab.title()));
    return titlesNow.filter((title) => title === '(1) baton').length === 1;
  });
  await setHidden(tabs[8], false);
  await until('what a tab missed', async () => await tabs[8].title() === '(1) baton');
  await agent.hook('UserPromptSubmit', 's1', { prompt: 'more' });
  await until('it is live', async () => (await titles(tabs[8], 'working')).includes('s1'));
  for (const tab of tabs.slice(1)) assert.deepEqual(tab.errors, []);
});
