// SPDX-License-Identifier: Apache-2.0
// The first password, logging in when a change wants it, logging out; what each role may not do.
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
    await page.locator('#who').getByText('Log in').waitFor();
    await page.getByText('Log in as admin to change settings').waitFor();
    equal(await axeFinds(page), []);
  });
  await server.stop();
});

test('login_is_asked_for_by_what_needs_it', async () => {
  const server = await startServer({ sim: 'disk' });
  await claim(server);
  await withPage(server, '/devices/1-1', {}, async page => {
    await live(page);
    const unplug = page.getByRole('button', { name: 'Unplug' }).first();
    await page.locator('[id="do-unplug-1-1"][aria-disabled=true]').waitFor();
    equal([await unplug.getAttribute('title'), await page.textContent('#need-operate')], ['Log in as operate', 'Log in as operate']);
    equal(await unplug.getAttribute('aria-describedby'), 'need-operate');
    equal(await axeFinds(page), []);
    await unplug.press('Enter');
    await page.getByRole('heading', { name: 'Log in to' }).waitFor();
    await page.getByText('This needs a user who may operate.').waitFor();
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

// Whoever was logged in is not any more: the page learns it when it saves.
test('login_settings_ask_for_it_and_keep_what_was_typed_until_then', async () => {
  const server = await startServer({ sim: 'disk' });
  await claim(server, async page => {
    await page.routeWebSocket(/live/, () => {});
    await page.reload();
    await page.check('#takeover-never');
    await page.context().clearCookies();
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

const users = { view: 'vera' }; // who may operate: lease_test.mjs
const addUsers = page => page.evaluate(async names => {
  for (const [role, name] of Object.entries(names)) await fetch('/api/v1/users', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name, role, password: `${name} ${name}` }) });
}, users);

// The buttons of a page that this user may not use, and why not.
const barred = page => page.evaluate(() => [...document.querySelectorAll('main button[aria-disabled=true]')].map(b => `${b.textContent}: ${b.title}`).sort());

test('login_roles_show_what_they_may_not_do_and_why', async () => {
  const server = await startServer();
  await claim(server, addUsers);
  const wants = {
    '/devices/1-2.1': ['Name…: Log in as admin', 'Power…: Log in as operate', 'Reserve…: Log in as operate', 'Reset…: Log in as operate', 'Type text…: Log in as operate', 'Unplug…: Log in as operate'],
    '/topology': ['Simulate a device…: Log in as operate'],
    '/settings/access': ['Add address…: Log in as admin', 'Add rule…: Log in as admin', 'Try: Log in as operate'],
  };
  for (const [role, name] of Object.entries(users)) {
    await withPage(server, '/settings', {}, async page => {
      await page.click('#log-in');
      await page.fill('#d-user', name);
      await page.fill('#d-password', `${name} ${name}`);
      await page.click('#dialog .primary');
      await page.getByRole('button', { name: `Log out ${name}` }).waitFor();
      ok(await page.isDisabled('#access-mode-closed'), 'settings cannot be changed');
      for (const [path, each] of Object.entries(wants)) {
        await page.goto(server.url + path);
        await live(page);
        await page.getByRole('button', { name: `Log out ${name}` }).waitFor();
        await page.waitForFunction(n => document.querySelectorAll('main button[aria-disabled=true]').length >= n, each.length);
        equal(await barred(page), each, `${name} at ${path}`);
      }
      equal(await axeFinds(page), []);
      await page.locator('main [data-need=admin]').first().click({ force: true });
      await page.getByText(`${name} may ${role}. This needs a user who may admin.`).waitFor();
    });
  }
  await server.stop();
});

test('login_whoever_logs_out_elsewhere_may_do_less_here_at_once', async () => {
  const server = await startServer({ sim: 'disk' });
  await claim(server, async page => {
    const other = await page.context().newPage();
    await other.goto(`${server.url}/devices/1-1`);
    await other.locator('[id="do-unplug-1-1"]:not([aria-disabled])').waitFor();
    await page.evaluate(() => fetch('/api/v1/logout', { method: 'POST' }));
    await other.locator('[id="do-unplug-1-1"][aria-disabled=true]').waitFor();
  });
  await server.stop();
});

// What the chip and computers elsewhere are told: this server says it to other addresses only.
test('login_until_there_is_a_password_a_banner_says_who_may_what_and_who_can_read_it', async () => {
  const server = await startServer({ sim: 'disk' });
  const says = { open: 'Everybody on this computer can change things', anybody: 'Everybody on this network can change everything', code: 'Looking is all that you can do from here' };
  const page = await open(server, '/api/v1/status');
  let setup = '';
  await page.route('**/api/v1/me', async route => route.fulfill({ json: { ...await (await route.fetch()).json(), setup, ...(setup === 'code' ? { role: 'view', may: ['view'] } : {}) } }));
  for (const [kind, text] of Object.entries(says)) {
    setup = kind;
    await page.goto(server.url);
    await page.locator('.banner').getByText(text).waitFor();
    await live(page);
    await page.emulateMedia({ colorScheme: setup === 'open' ? 'light' : 'dark' });
    if (setup !== 'anybody') await page.setViewportSize({ width: 320, height: 800 });
    await noOverflow(page);
    equal(await axeFinds(page), []);
    await page.click('#set-up');
    await page.locator('#d-password').waitFor();
    equal(await page.locator('#d-code').count(), setup === 'code' ? 1 : 0, 'the code is asked for');
    equal(await page.locator('.plain-login').count(), 0, 'the note of who can read the password');
    await page.keyboard.press('Escape');
    await page.click('#later');
    await page.locator('.banner').waitFor({ state: 'detached' });
  }
  await close(page);
  // Without HTTPS, by an address that is not known to be this computer's.
  await withPage({ ...server, url: new URL(`http://[::ffff:127.0.0.1]:${server.httpPort}`).origin }, '/', {}, async elsewhere => {
    await elsewhere.click('#set-up');
    await elsewhere.locator('.plain-login').waitFor();
    equal(await axeFinds(elsewhere), []);
  });
  await server.stop();
});
