// A thousand sessions: the page stays usable.

import assert from 'node:assert/strict';

import { addSessions } from '../fixture/crowd.mjs';
import { open, titles } from '../fixture/page.mjs';
import { check } from '../fixture/test.mjs';
import { until } from '../fixture/waiting.mjs';

const COUNT = 1_000;

/** Returns how long the page computes for something, in milliseconds. */
async function scriptTime(session, body) {
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value])).TaskDuration * 1000;
  };
  const before = await read();
  await body();
  return await read() - before;
}

check('a thousand sessions are shown, changed and filtered without delay', async (scratch, browser) => {
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  addSessions(scratch, 's1', COUNT);
  await agent.hook('UserPromptSubmit', 's1', { prompt: 'words' });
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  await context.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector('#sections li')) return;
      window.painted = performance.now();
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
  });
  const page = await open(browser, await scratch.serve(), { context });
  await page.getByRole('heading', { name: `Opened, no prompt yet (${COUNT})` }).waitFor();
  assert.equal((await titles(page, 'opened')).length, 500);
  await page.locator('#section-opened').getByRole('button', { name: 'Show more' }).click();
  await until('all of them', async () => (await titles(page, 'opened')).length === COUNT);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  // A change touches one card, however many there are. The page itself waits for it: questions from outside would be measured too.
  await page.evaluate(() => {
    window.touched = new Set();
    window.pinned = new Promise((resolve) => {
      new MutationObserver((records) => {
        for (const { target } of records) {
          const item = target.parentElement?.closest('li') ?? target.closest?.('li');
          if (item && !target.closest?.('time')) window.touched.add(item.querySelector('.title').textContent);
          if (item?.querySelector('.status')?.parentNode.textContent.endsWith('pinned')) resolve();
        }
      }).observe(document.querySelector('#sections'), { childList: true, subtree: true });
    });
  });
  const change = await scriptTime(session, async () => {
    scratch.baton('session', 'pin', 's1');
    await page.evaluate(() => window.pinned);
  });
  const touched = await page.evaluate(() => [...window.touched]);
  assert.deepEqual(touched.filter((title) => title !== 's1'), [], 'cards that did not change');
  const filter = await scriptTime(session, async () => {
    await page.locator('#filter').fill('session 777');
    await until('one is left', async () => (await titles(page, 'opened')).join() === 'session 777');
  });
  // Times depend on what else the machine does: they are told, and what they depend on is checked above.
  const painted = await page.evaluate(() => window.painted);
  console.log(`# 1,000 sessions: ${Math.round(painted)} ms to the first picture, ${Math.round(change)} ms for a change, ${Math.round(filter)} ms for a filter`);
  assert.deepEqual(page.errors, []);
});
