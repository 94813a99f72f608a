// Draws the page of a running server: the list in light and dark colours, and one session.
//
//   node pictures.mjs ADDRESS DIRECTORY SESSION HOME        (tests/clients/view_pictures.py calls it)
//
// The directory HOME is shown as /home/me.

import { join } from 'node:path';

import { launch, open } from './fixture/page.mjs';

const [address, directory, session, home] = process.argv.slice(2);
const server = { address: new URL(address) };
const browser = await launch();
try {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open(browser, server, { colorScheme, viewport: { width: 1120, height: 700 } });
    for (const section of ['waiting', 'working', 'runs', 'lost']) await page.locator(`#section-${section} li`).first().waitFor();
    await page.screenshot({ path: join(directory, `page-${colorScheme}.png`), fullPage: true });
    if (colorScheme === 'dark') continue;
    await page.evaluate((id) => { location.hash = `#/sessions/${encodeURIComponent(id)}`; }, session);
    await page.locator('.decisions li').first().waitFor();
    await page.evaluate((path) => {
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const shown = (text) => text.replaceAll(path, '/home/me').replaceAll(path.replace(/[^a-zA-Z0-9]/g, '-'), '-home-me');
      while (texts.nextNode()) texts.currentNode.data = shown(texts.currentNode.data);
    }, home);
    await page.setViewportSize({ width: 1120, height: 900 });
    await page.screenshot({ path: join(directory, 'session.png') });
  }
} finally {
  await browser.close();
}
