// Notifications: wanted by the user, one for each beginning of a wait, and live regions that do not chatter.

import assert from 'node:assert/strict';

import { connection, entry, open, titles } from '../fixture/page.mjs';
import { Proxy } from '../fixture/proxy.mjs';
import { check } from '../fixture/test.mjs';
import { until } from '../fixture/waiting.mjs';

/** Notes what the page shows as notifications, which Chromium without a desktop drops. */
const NOTE_NOTIFICATIONS = `
  window.shown = [];
  window.Notification = class extends EventTarget {
    static permission = 'default';
    static async requestPermission() { return (this.permission = window.refuse ? 'denied' : 'granted'); }
    constructor(title, options) { super(); window.shown.push([title, options.tag]); window.last = this; }
    close() {}
  };`;

const shown = (page) => page.evaluate(() => window.shown.map(([title]) => title));

check('each beginning of a wait is told once, to who wants it', async (scratch, browser) => {
  const proxy = await Proxy.start(scratch);
  const context = await browser.newContext(proxy.options);
  await context.addInitScript(NOTE_NOTIFICATIONS);
  const server = await scratch.serve();
  const before = await scratch.agent('codex');
  await before.begin('before');
  await before.hook('Stop', 'before');
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  const page = await open(browser, server, { context });
  await entry(page, 'before').waitFor();
  const wait = async (section) => {
    await agent.hook(...(section === 'waiting' ? ['Stop', 's1'] : ['UserPromptSubmit', 's1', { prompt: 'more' }]));
    await until(section, async () => (await titles(page, section)).includes('s1'));
  };
  // Nobody asked for notifications yet.
  await wait('waiting');
  await wait('working');
  assert.deepEqual(await shown(page), []);
  await page.getByRole('button', { name: 'Notify me', pressed: false }).click();
  await page.getByRole('button', { name: 'Notify me', pressed: true }).waitFor();
  await wait('waiting');
  assert.equal((await shown(page)).length, 1);
  assert.match((await shown(page))[0], /^claude: idle \(s1 in %2\)$/);
  // The same wait is no news after a reconnect, and what began meanwhile is.
  proxy.cut();
  await connection(page, 'not connected');
  const other = await scratch.agent('codex');
  await other.begin('s2');
  await other.hook('Stop', 's2');
  proxy.mend();
  await until('s2', async () => (await titles(page, 'waiting')).includes('s2'));
  assert.deepEqual((await shown(page)).map((title) => title.includes('s2')), [false, true]);
  await wait('working');
  await wait('waiting');
  assert.equal((await shown(page)).length, 3);
  // A click leads to the session.
  await page.evaluate(() => window.last.dispatchEvent(new Event('click')));
  await page.getByRole('heading', { name: 'Session s1' }).waitFor();
  // The choice is kept, and what waits when a page opens is no news to it.
  const again = await context.newPage();
  await again.addInitScript(() => { window.Notification.permission = 'granted'; });
  await again.goto(server.origin);
  await again.getByRole('button', { name: 'Notify me', pressed: true }).waitFor();
  await entry(again, 's2').waitFor();
  assert.deepEqual(await shown(again), []);
  await again.getByRole('button', { name: 'Notify me' }).click();
  await again.getByRole('button', { name: 'Notify me', pressed: false }).waitFor();
  assert.deepEqual(page.errors, []);
});

check('a wait that begins anew is told, and a reminder of one is not', async (scratch, browser) => {
  const context = await browser.newContext();
  await context.addInitScript(NOTE_NOTIFICATIONS);
  const agent = await scratch.agent('claude');
  await agent.begin('s1');
  await agent.tool('s1', 'baton run start nightly');
  const page = await open(browser, await scratch.serve(), { context });
  await page.getByRole('button', { name: 'Notify me' }).click();
  const told = async (what, count) => {
    await until(what, async () => (await shown(page)).length >= count);
    assert.equal((await shown(page)).length, count, what);
  };
  await agent.hook('Stop', 's1');
  await told('the end of a turn', 1);
  // The agent reminds of what is known. What comes after it is told, so the page has seen it by then.
  await agent.hook('Notification', 's1', { notification_type: 'idle_prompt', message: 'waits' });
  const other = await scratch.agent('codex');
  await other.begin('s2');
  await other.hook('Stop', 's2');
  await told('another session', 2);
  // The prompt may be over before the page sees it.
  await agent.hook('UserPromptSubmit', 's1', { prompt: 'more' });
  await agent.hook('Stop', 's1');
  await told('the end of the next turn', 3);
  await agent.hook('UserPromptSubmit', 's1', { prompt: 'more' });
  for (const count of [4, 5]) {
    await agent.hook('Notification', 's1', { notification_type: 'permission_prompt', message: 'may it' });
    await told('a permission', count);
  }
  // What the user left out and shows again is no news, and neither is what is written to a run that waits.
  scratch.baton('session', 'dismiss', 's2');
  await entry(page, 's2').waitFor({ state: 'detached' });
  scratch.baton('session', 'dismiss', 's2', '--off');
  await entry(page, 's2').waitFor();
  scratch.baton('run', 'pause', 'nightly');
  await told('a paused run', 6);
  await agent.tool('s1', 'baton run update nightly --phase review');
  await entry(page, 'nightly').getByText('review').waitFor();
  assert.equal((await shown(page)).length, 6);
  scratch.baton('run', 'continue', 'nightly');
  await entry(page, 'nightly').getByText('active', { exact: true }).waitFor();
  agent.kill();
  await told('a run without its owner', 7);
  assert.match((await shown(page))[6], /interrupted \(nightly/);
});

check('a browser that refuses is said, and nothing is shown', async (scratch, browser) => {
  const context = await browser.newContext();
  await context.addInitScript(NOTE_NOTIFICATIONS);
  await context.addInitScript(() => { window.refuse = true; });
  const page = await open(browser, await scratch.serve(), { context });
  await page.getByRole('button', { name: 'Notify me' }).click();
  await page.locator('#announcements', { hasText: 'refuses notifications' }).waitFor();
  await page.getByRole('button', { name: 'Notify me', pressed: false }).waitFor();
});

check('a screen reader hears what begins to wait, and no ages or counts', async (scratch, browser) => {
  const page = await open(browser, await scratch.serve());
  await page.evaluate(() => {
    window.spoken = [];
    for (const region of document.querySelectorAll('[aria-live="polite"], [role="status"], [role="alert"]')) {
      new MutationObserver((records) => {
        for (const { addedNodes } of records) for (const node of addedNodes) window.spoken.push(node.textContent);
      }).observe(region, { childList: true, characterData: true, subtree: true });
    }
  });
  const agent = await scratch.agent('claude');
  for (let round = 0; round < 3; round += 1) {
    await agent.begin('s1');
    await agent.hook('PreToolUse', 's1', { tool_name: 'Bash', tool_input: {} });
  }
  await agent.hook('Stop', 's1');
  await until('waiting', async () => (await titles(page, 'waiting')).includes('s1'));
  const age = () => entry(page, 's1').locator('time').textContent();
  const first = await age();
  await until('its age is counted', async () => await age() !== first);
  assert.deepEqual(await page.evaluate(() => window.spoken), ['claude: idle (s1 in %1)']);
});
