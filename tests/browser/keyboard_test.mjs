// SPDX-License-Identifier: Apache-2.0
// The first ten minutes of somebody who has no mouse.
import { equal, has, ok, test } from './check.mjs';
import { focus, focusIs, startServer, toastSays, withPage } from './rig.mjs';

const tabTo = async (page, wanted) => {
  for (let i = 0; i < 60; i++) {
    if (await focus(page) === wanted) return;
    await page.keyboard.press('Tab');
  }
  ok(false, `Tab reaches ${wanted}`);
};

test('keyboard_first_ten_minutes', async () => {
  const server = await startServer();
  await withPage(server, '/', { permissions: ['clipboard-read', 'clipboard-write'] }, async page => {
    const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
    await page.waitForSelector('[id="ms-1-2.1"]');

    await press('Tab');
    await focusIs(page, 'Skip to content');
    await press('Enter');
    await focusIs(page, 'main');
    await tabTo(page, 'ms-1-2.1');
    await press('Enter');
    await page.waitForSelector('[id="m-1-2.1"][open]');
    await press('Escape');
    await focusIs(page, 'ms-1-2.1');
    equal(await page.locator('[id="m-1-2.1"]').getAttribute('open'), null, 'the menu');

    await press('Enter');
    await tabTo(page, 'Open');
    await press('Enter');
    await page.waitForSelector('.path');
    await focusIs(page, 'main', 'after going to another page');

    await tabTo(page, 'tb-linux');
    await press('ArrowRight');
    await focusIs(page, 'tb-windows');
    await press('Tab', 'Enter');
    await page.getByRole('button', { name: 'Copied Windows attach command' }).waitFor();
    ok(!(await page.evaluate(() => navigator.clipboard.readText())).includes('sudo'), 'the Windows command was copied');

    await page.focus('#main');
    await tabTo(page, 'do-unplug-1-2.1');
    await press('Enter');
    await focusIs(page, 'Leave it');
    await press('Tab', 'Enter');
    await toastSays(page, 'is unplugged');
    await page.waitForSelector('[id="plug-1-2.1"]');
    await tabTo(page, 'plug-1-2.1');
    await press('Enter');
    await toastSays(page, 'is plugged in');
  });
  await server.stop();
});

test('keyboard_tree', async () => {
  const server = await startServer();
  await withPage(server, '/topology', {}, async page => {
    const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
    await page.waitForSelector('[role=tree]');
    await tabTo(page, 'node-bus-1');
    await press('ArrowRight');
    await focusIs(page, 'node-1-1');
    await press('ArrowDown');
    await focusIs(page, 'node-1-2');
    await press('ArrowLeft');
    equal(await page.getAttribute('[id="node-1-2"]', 'aria-expanded'), 'false');
    ok(!await page.isVisible('[id="node-1-2.1"]'), 'what is folded is hidden');
    await page.waitForTimeout(1200); // live updates in between
    equal(await page.getAttribute('[id="node-1-2"]', 'aria-expanded'), 'false');
    await press('ArrowRight', 'ArrowRight');
    await focusIs(page, 'node-1-2.1');
    await press('ArrowLeft');
    await focusIs(page, 'node-1-2');
    await press('End', 'Home');
    await focusIs(page, 'node-bus-1');
    await press('ArrowDown', 'Enter');
    await page.waitForSelector('.path');
    equal(new URL(page.url()).pathname, '/devices/1-1');
  });
  await server.stop();
});

test('keyboard_theme', async () => {
  const server = await startServer();
  await withPage(server, '/', { colorScheme: 'light' }, async page => {
    await page.waitForSelector('[id="dev-1-1"]');
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await tabTo(page, 'theme');
    has(await page.getAttribute('#theme', 'aria-label'), 'Theme: auto');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    has(await page.getAttribute('#theme', 'aria-label'), 'Theme: dark');
    const dark = await paper();
    ok(dark !== light, 'dark is another colour');
    // Before the first paint of the next visit: set when the style sheet is read.
    await page.addInitScript(() => document.addEventListener('DOMContentLoaded', () => { window.early = document.documentElement.dataset.theme; }));
    await page.reload();
    equal(await page.evaluate(() => window.early), 'dark', 'remembered theme');
    equal(await paper(), dark);
  });
  await server.stop();
});

test('keyboard_settings', async () => {
  const server = await startServer();
  await withPage(server, '/', {}, async page => {
    const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
    const type = text => page.keyboard.type(text);
    await page.waitForSelector('[id="dev-1-1"]');
    await tabTo(page, 'Settings');
    await press('Enter');
    await page.waitForSelector('.panes');
    await focusIs(page, 'main', 'after going to another page');
    await tabTo(page, 'access-mode-open');
    await press('ArrowDown');
    ok(await page.isChecked('#access-mode-closed'), 'the mode is chosen');
    await tabTo(page, 'allow-add');
    await press('Enter');
    await focusIs(page, 'd-address');
    await type('127.0.0.1');
    await press('Tab');
    await type('this bench');
    await press('Enter');
    await page.waitForSelector('#allow-0');
    await focusIs(page, 'allow-add', 'after the dialog');
    for (const busid of ['1-1', '1-3']) {
      await tabTo(page, 'rules-add');
      await press('Enter');
      await focusIs(page, 'd-device');
      await type(busid);
      await press('Tab');
      await type('10.0.0.7');
      await press('Enter');
      await page.locator('#rules tr, .rules tr').filter({ hasText: busid }).first().waitFor();
      await focusIs(page, 'rules-add');
      await page.focus('#main');
    }
    await tabTo(page, 'rules-up-1');
    await press('Enter');
    await focusIs(page, 'rules-down-0', 'after the move');
    await tabTo(page, 'address');
    await type('10.0.0.7');
    await press('Enter');
    await page.locator('.verdict').getByText('No, by rule').waitFor();
    await tabTo(page, 'save-now');
    await press('Enter');
    await toastSays(page, 'Settings saved');
    await focusIs(page, 'main', 'after saving');
    await tabTo(page, 'Devices');
    await press('Enter');
    await page.waitForSelector('[id="names-1-1"]');
    await tabTo(page, 'names-1-1');
    await press('Enter');
    await page.waitForSelector('#d-alias');
    await type('flash');
    await press('Enter');
    await toastSays(page, '1-1 is called flash');
    await focusIs(page, 'names-1-1');
  });
  await server.stop();
});
