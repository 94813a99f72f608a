// Loops of other programs: their state, and their logs, followed live.

import assert from 'node:assert/strict';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';

import { connection, entry, open, setHidden } from '../fixture/page.mjs';
import { Proxy } from '../fixture/proxy.mjs';
import { check } from '../fixture/test.mjs';
import { until } from '../fixture/waiting.mjs';

const LOG = 'home/work/.ralphex/progress/progress-fix.txt';
const HEAD = `# Ralphex Progress Log
Plan: plans/fix.md
Branch: main
Mode: full
Started: 2026-04-05 08:00:00
${'-'.repeat(60)}

`;

/** Writes a log, and holds its lock as the program does that writes it. */
async function begin(scratch, text) {
  const path = scratch.write(LOG, HEAD + text);
  const holder = scratch.start('flock', ['--exclusive', path, 'sh', '-c', 'echo locked; exec sleep 100000']);
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  return path;
}

check('the log of a loop is followed, and each line is shown once', async (scratch, browser) => {
  const path = await begin(scratch, '--- task iteration 1 ---\n[26-04-05 08:00:01] line 0\n');
  const proxy = await Proxy.start(scratch);
  const context = await browser.newContext(proxy.options);
  const page = await open(browser, await scratch.serve(), { context });
  await entry(page, 'plans/fix.md').getByText('active', { exact: true }).waitFor();
  await entry(page, 'plans/fix.md').getByRole('link').click();
  await page.getByRole('heading', { name: 'Loop plans/fix.md' }).waitFor();
  await page.getByRole('region', { name: 'Sections' }).getByText('task iteration 1').waitFor();
  const lines = async () => (await page.locator('.log .row').allTextContents()).filter((line) => / line \d/.test(line)).map((line) => line.replace(/.* line /, ''));
  await until('the first line', async () => (await lines()).join() === '0');
  appendFileSync(path, '[26-04-05 08:00:02] line 1\n[26-04-05 08:00:02] half a');
  await until('a whole line', async () => (await lines()).join() === '0,1');
  // What is written while the connection is cut comes once.
  proxy.cut();
  await connection(page, 'not connected');
  appendFileSync(path, ' line 2\n[26-04-05 08:00:03] <b>bold</b> line 3\n');
  proxy.mend();
  await until('what was missed', async () => (await lines()).join() === '0,1,2,3');
  assert.equal(await page.locator('.log b').count(), 0);
  // The log is begun anew.
  writeFileSync(path, `${HEAD}[26-04-05 09:00:00] line 7\n`);
  await until('the new log', async () => (await lines()).join() === '7');
  assert.deepEqual(page.errors, []);
});

check('a loop that was killed is told apart from one at work', async (scratch, browser) => {
  const path = scratch.write(LOG, `${HEAD}[26-04-05 08:00:01] line 0\n`);
  const page = await open(browser, await scratch.serve());
  await entry(page, 'plans/fix.md').getByText('interrupted', { exact: true }).waitFor();
  appendFileSync(path, `${'-'.repeat(60)}\nCompleted: 2026-04-05 09:00:00 (1h0m0s)\n`);
  await entry(page, 'plans/fix.md').getByText('completed', { exact: true }).waitFor();
});

check('a log that cannot be read is said beside it, until it can be', async (scratch, browser) => {
  const path = await begin(scratch, '[26-04-05 08:00:01] line 0\n');
  const page = await open(browser, await scratch.serve());
  await entry(page, 'plans/fix.md').getByRole('link').click();
  const rows = page.locator('.log .row');
  const [line, problem] = [rows.filter({ hasText: 'line 0' }), page.locator('.problem')];
  await line.waitFor();
  const count = await rows.count();
  renameSync(path, `${path}.away`);
  await problem.filter({ hasText: 'No such file' }).waitFor();
  assert.equal(await rows.count(), count, 'the lines stay, and it is none of them');
  renameSync(`${path}.away`, path);
  await until('it is taken back', async () => await problem.textContent() === '');
  assert.equal(await rows.count(), count);
  await page.evaluate(() => { location.hash = '#/loops/none'; });
  await problem.filter({ hasText: 'no loop' }).waitFor();
  assert.deepEqual(page.errors, []);
});

check('the logs in tabs in the background do not use up the connections of the browser', async (scratch, browser) => {
  const path = await begin(scratch, '[26-04-05 08:00:01] line 0\n');
  const server = await scratch.serve();
  const context = await browser.newContext();
  const tabs = [];
  for (let number = 0; number < 7; number += 1) {
    const tab = await open(browser, server, { context });
    await entry(tab, 'plans/fix.md').getByRole('link').click();
    await tab.locator('.log .row', { hasText: 'line 0' }).waitFor();
    await setHidden(tab, true);
    tabs.push(tab);
  }
  appendFileSync(path, '[26-04-05 08:00:02] line 1\n');
  await setHidden(tabs[0], false);
  await tabs[0].locator('.log .row', { hasText: 'line 1' }).waitFor();
  assert.equal(await tabs[0].locator('.log .row', { hasText: 'line 0' }).count(), 1);
  for (const tab of tabs) assert.deepEqual(tab.errors, []);
});

check('of very many lines that come together the newest are shown', async (scratch, browser) => {
  const page = await open(browser, await scratch.serve());
  const shown = await page.evaluate(async () => {
    const { Log } = await import('./log.js');
    const log = new Log('log');
    for (let number = 0; number < 200_000; number += 1) log.append(`line ${number}`);
    await new Promise((resolve) => setTimeout(resolve));
    return [...log.element.children].map((row) => row.textContent);
  });
  assert.deepEqual([shown.length, shown[0], shown.at(-1)], [10_000, 'line 190000', 'line 199999']);
  assert.deepEqual(page.errors, []);
});

check('of long lines only 2 MB are kept', async (scratch, browser) => {
  const page = await open(browser, await scratch.serve());
  const shown = await page.evaluate(async () => {
    const { Log } = await import('./log.js');
    const log = new Log('log');
    const counts = [];
    for (let number = 0; number < 600; number += 1) {
      log.append(`${number}`.padEnd(16 * 1024));
      // Some come together, and some when there are others.
      if (number % 200 === 199) {
        await new Promise((resolve) => setTimeout(resolve));
        counts.push(log.element.children.length);
      }
    }
    log.replace(['a', 'b'.repeat(3 * 1024 * 1024), 'c']);
    return [counts, [...log.element.children].map((row) => row.textContent)];
  });
  assert.deepEqual(shown, [[128, 128, 128], ['c']]);
  assert.deepEqual(page.errors, []);
});
