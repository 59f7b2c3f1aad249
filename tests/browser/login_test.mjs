// SPDX-License-Identifier: Apache-2.0
// The first password, logging in when a change wants it, logging out.
import { equal, has, ok, test } from './check.mjs';
import { axeFinds, close, live, noOverflow, open, startServer, toastSays, withPage } from './rig.mjs';

const PASSWORD = 'correct horse';

// A server of which somebody has set the password, in the page of whoever did.
const claim = async (server, use = async () => {}) => withPage(server, '/settings', {}, async page => {
  await page.click('#set-up');
  equal(await axeFinds(page), []);
  await page.fill('#d-password', PASSWORD);
  await page.click('#dialog .primary');
  await page.getByRole('button', { name: 'Log out admin' }).waitFor();
  await use(page);
});

const logIn = async (page, password) => {
  await page.fill('#d-user', 'admin');
  await page.fill('#d-password', password);
  await page.click('#dialog .primary');
};

test('login_the_first_password_is_set_on_the_page', async () => {
  const server = await startServer({ sim: 'disk' });
  await claim(server, async page => {
    equal(await page.locator('#set-up').count(), 0, 'it is set once');
    await page.setViewportSize({ width: 320, height: 700 });
    await noOverflow(page);
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.click('#who');
    await page.click('#dialog .primary');
    await page.getByRole('button', { name: 'Log in' }).waitFor();
  });
});

test('login_is_asked_for_by_what_needs_it', async () => {
  const server = await startServer({ sim: 'disk' });
  await claim(server);
  await withPage(server, '/devices/1-1', {}, async page => {
    await live(page);
    await page.getByRole('button', { name: 'Unplug' }).first().click();
    await page.click('#dialog .primary');
    await page.getByRole('heading', { name: 'Log in to' }).waitFor();
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      equal(await axeFinds(page), []);
    }
    await logIn(page, 'wrong horse');
    await page.locator('#field-error').waitFor();
    has(await page.locator('#d-password').getAttribute('aria-describedby'), 'field-error');
    await logIn(page, PASSWORD);
    await page.getByRole('button', { name: 'Log out admin' }).waitFor();
    await live(page);
    await page.getByRole('button', { name: 'Unplug' }).first().click();
    await page.click('#dialog .primary');
    await toastSays(page, 'unplugged');
  });
});

test('login_settings_ask_for_it_and_keep_what_was_typed_until_then', async () => {
  const server = await startServer({ sim: 'disk' });
  await claim(server);
  await withPage(server, '/settings', {}, async page => {
    await page.check('#takeover-never');
    await page.click('#save-now');
    await page.getByRole('heading', { name: 'Log in to' }).waitFor();
    await page.click('#dialog [data-close]');
    ok(await page.isChecked('#takeover-never'), 'it is still chosen');
  });
});

test('login_a_page_that_may_see_nothing_says_so', async () => {
  const server = await startServer({ sim: 'disk' });
  await claim(server, async page => page.evaluate(() => fetch('/api/v1/settings', {
    method: 'PATCH', headers: { 'Content-Type': 'application/json', 'If-Match': '*' }, body: '{"anonymous":"none"}',
  })));
  const page = await open(server);
  await page.locator('.banner [data-ask=login]').click();
  await logIn(page, PASSWORD);
  await live(page);
  equal(await page.locator('.banner').count(), 0);
  await close(page);
});
