// axe finds nothing wrong on any part of the page, and the keyboard alone does everything.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { entry, open } from '../fixture/page.mjs';
import { check } from '../fixture/test.mjs';
import { until } from '../fixture/waiting.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Lets axe look at what is shown, and returns a line for each fault. */
async function faults(page) {
  // The page's policy forbids scripts of others. The tools of the browser are not bound by it.
  const axe = await page.evaluate(`(() => { ${AXE}; return typeof window.axe; })()`);
  assert.equal(axe, 'object');
  const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: { type: 'tag', values } }), TAGS);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}

/** Opens one item of each kind: a session that waits, one at work, a run, a lost session. */
async function fill(scratch) {
  const claude = await scratch.agent('claude');
  await claude.begin('waits');
  await claude.hook('Stop', 'waits');
  const codex = await scratch.agent('codex');
  await codex.begin('works');
  await codex.tool('works', 'baton run start nightly --max-iterations 8');
  const lost = await scratch.agent('claude');
  await lost.begin('gone');
  lost.kill();
}

const PARTS = [
  ['#/', '#section-lost li'],
  ['#/archive', '#found li'],
  ['#/sessions/works', '.decisions li'],
  ['#/sessions/none', '#details .parts p'],
];

for (const [name, options] of [
  ['in light colours', { colorScheme: 'light', viewport: { width: 1280, height: 800 } }],
  ['in dark colours', { colorScheme: 'dark', viewport: { width: 1280, height: 800 } }],
  ['at 360 pixels', { colorScheme: 'light', viewport: { width: 360, height: 740 } }],
  ['at 3840 pixels', { colorScheme: 'dark', viewport: { width: 3840, height: 2160 } }],
]) {
  check(`axe finds nothing ${name}`, async (scratch, browser) => {
    await fill(scratch);
    const page = await open(browser, await scratch.serve(), options);
    for (const [address, shown] of PARTS) {
      await page.evaluate((hash) => { location.hash = hash; }, address);
      await page.locator(shown).first().waitFor();
      assert.deepEqual(await faults(page), [], address);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0, `${address} is wider than its window`);
    }
    await page.evaluate(() => { location.hash = '#/'; });
    await page.locator('#section-runs a').click();
    await page.locator('.log .row').first().waitFor();
    assert.deepEqual(await faults(page), [], 'a run');
    await page.keyboard.press('?');
    await page.locator('#keys[open]').waitFor();
    assert.deepEqual(await faults(page), [], 'the keys');
    assert.deepEqual(page.errors, []);
  });
}

check('axe can find a fault', async (scratch, browser) => {
  const page = await open(browser, await scratch.serve());
  await page.evaluate(() => document.querySelector('main').append(document.createElement('button')));
  assert.deepEqual((await faults(page)).map((fault) => fault.split(':')[0]), ['button-name']);
});

check('the keyboard alone does everything', async (scratch, browser) => {
  await fill(scratch);
  const page = await open(browser, await scratch.serve());
  await entry(page, 'gone').waitFor();
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
  await press('j');
  assert.equal(await focused(), 'waits');
  await press('j', 'ArrowDown');
  assert.equal(await focused(), 'nightly');
  await press('k');
  assert.equal(await focused(), 'works');
  // The focus stays where it is while its item moves and changes.
  await press('*');
  await entry(page, 'works').getByText('pinned', { exact: true }).waitFor();
  assert.equal(await focused(), 'works');
  // A letter acts on the item with the focus; the dialog asks first, and gives the focus back.
  await press('j', 'x');
  await page.getByText('Cancel the run nightly for good?').waitFor();
  await press('Escape');
  await page.locator('#confirm').waitFor({ state: 'hidden' });
  assert.equal(await focused(), 'nightly');
  await press('p');
  await entry(page, 'nightly').getByText('paused', { exact: true }).waitFor();
  assert.equal(await focused(), 'nightly');
  // The filter.
  await press('/');
  await page.keyboard.type('gone');
  await entry(page, 'works').waitFor({ state: 'detached' });
  await press('Escape');
  await entry(page, 'works').waitFor();
  await press('Escape', 'j', 'j', 'j');
  // One item, and back to where one was.
  const before = await focused();
  await press('Enter');
  await page.locator('#details h2:focus').waitFor();
  await press('Escape');
  await page.locator('#now').waitFor();
  assert.equal(await focused(), before);
  // All sessions.
  await press('s');
  await page.locator('#found li').first().waitFor();
  await press('j', 'Enter');
  await page.locator('#details h2:focus').waitFor();
  // Keys can be turned off, for who speaks to the machine.
  await press('Escape', '?');
  await page.locator('#use-keys').focus();
  await press('Space', 'Escape', 's');
  await until('the dialog is closed', async () => !await page.locator('#keys[open]').count());
  await press('s');
  assert.equal(new URL(page.url()).hash, '#/');
});
