// SPDX-License-Identifier: Apache-2.0
// Settings, users and tokens: who can log in, programs' tokens, what everybody sees.
import { equal, has, ok, test } from './check.mjs';
import { axeFinds, close, focusIs, noOverflow, open, startServer, toastSays, withPage } from './rig.mjs';

const PASSWORD = 'correct horse';

// One server, of which the admin is logged in: pages of his, one for each test.
let server = null, cookies = null;
const shared = async () => {
  if (server) return server;
  server = await startServer({ sim: 'disk' });
  const answer = await fetch(`${server.url}/api/v1/setup`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ password: PASSWORD }) });
  const [name, value] = answer.headers.get('set-cookie').split(';')[0].split('=');
  cookies = { cookies: [{ name, value, domain: '127.0.0.1', path: '/', httpOnly: true, sameSite: 'Strict', secure: false, expires: -1 }], origins: [] };
  return server;
};
const asAdmin = async (path, use, options = {}) => {
  await shared();
  await withPage(server, path, { storageState: cookies, ...options }, async page => {
    await page.getByRole('button', { name: 'Log out admin' }).waitFor();
    await use(page);
  });
};
const on = id => `[id="${id}"]`;
const logIn = (user, password) => fetch(`${server.url}/api/v1/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ user, password }) });
const submit = page => page.click('#dialog .primary');

test('users_are_added_changed_and_removed', async () => {
  await asAdmin('/settings/users', async page => {
    await page.locator(on('user-admin')).getByText('you').waitFor();
    ok(await page.isDisabled(on('do-userGone-admin')), 'the last admin stays');
    has(await page.textContent('#last-admin'), 'The last admin stays. Make somebody else an admin first.');
    await page.locator(on('user-admin')).getByRole('button', { name: 'Edit' }).click();
    await page.locator('#dialog').getByText('The last admin stays.').waitFor();
    ok(await page.isDisabled('#dialog input[value=view]') && await page.isChecked('#dialog input[value=admin]'), 'there is no other role');
    await page.keyboard.press('Escape');
    await page.click('#user-add');
    await focusIs(page, 'd-name');
    await page.fill('#d-name', 'anna!');
    await page.fill('#d-password', 'long enough');
    await submit(page);
    await focusIs(page, 'd-name');
    await page.locator('#field-error').waitFor();
    equal(await axeFinds(page), []);
    await page.fill('#d-name', 'anna');
    await submit(page);
    await toastSays(page, 'anna can log in', 'anna may operate.');
    await focusIs(page, 'user-add');
    equal((await logIn('anna', 'long enough')).status, 200);
    await page.click('#user-add');
    await page.fill('#d-name', 'anna');
    await page.fill('#d-password', 'long enough');
    await submit(page);
    await page.locator('#field-error').getByText('Choose another name').waitFor();
    await page.keyboard.press('Escape');

    await page.click(on('user-anna') + ' button');
    await page.check('#dialog input[value=admin]');
    await page.fill('#d-password', 'another one');
    await submit(page);
    await toastSays(page, 'anna may do everything', 'Logins of anna have ended.');
    const Cookie = (await logIn('anna', 'another one')).headers.get('set-cookie').split(';')[0];
    await page.locator(`${on('do-userGone-admin')}:enabled`).waitFor();

    equal((await fetch(`${server.url}/api/v1/tokens`, { method: 'POST', headers: { 'Content-Type': 'application/json', Cookie }, body: '{"name":"hers","role":"view"}' })).status, 201);
    await page.locator('.tokens tbody tr').filter({ hasText: 'hers' }).getByText('anna', { exact: true }).waitFor();
    await page.click(on('do-userGone-anna'));
    await page.locator('#dialog').getByText('The tokens that anna has made end, too: hers.').waitFor();
    equal(await page.evaluate(() => document.activeElement.textContent), 'Keep', 'what has the focus');
    equal(await axeFinds(page), []);
    await submit(page);
    await toastSays(page, 'anna is removed');
    await page.locator(on('user-anna')).waitFor({ state: 'detached' });
    await page.locator('.tokens tbody tr').filter({ hasText: 'hers' }).waitFor({ state: 'detached' });
    await focusIs(page, 'main');
  });
});

test('users_change_their_own_password', async () => {
  await asAdmin('/settings/users', async page => {
    await page.click('#own-password');
    await page.fill('#d-old', 'wrong horse');
    await page.fill('#d-password', 'battery staple');
    await submit(page);
    await page.locator('#field-error').getByText('This is not your password.').waitFor();
    await focusIs(page, 'd-old');
    await page.fill('#d-old', PASSWORD);
    await submit(page);
    await toastSays(page, 'Your password is changed');
    await focusIs(page, 'own-password');
    equal([(await logIn('admin', PASSWORD)).status, (await logIn('admin', 'battery staple')).status], [401, 200]);
    await page.reload();
    await page.getByRole('button', { name: 'Log out admin' }).waitFor();
  });
});

test('users_tokens_are_shown_once_used_and_revoked', async () => {
  await asAdmin('/settings/users', async page => {
    await page.click('#token-add');
    await page.fill('#d-name', 'ci');
    await page.check('#dialog input[value=operate]');
    await submit(page);
    const made = page.locator('#made');
    await made.getByText('Copy it now: it is not shown again.').waitFor();
    const [token, command] = await made.locator('code').allTextContents();
    equal(command, `curl -H 'Authorization: Bearer ${token}' ${server.url}/api/v1/devices`);
    const me = async () => (await fetch(`${server.url}/api/v1/me`, { headers: { Authorization: `Bearer ${token}` } })).json();
    equal([(await me()).token, (await me()).role], ['ci', 'operate']);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      equal(await axeFinds(page), []);
    }
    await page.setViewportSize({ width: 320, height: 700 });
    await noOverflow(page);
    await page.getByRole('button', { name: 'Copy token' }).click();
    await page.getByRole('button', { name: 'Copied token' }).waitFor();
    await page.click('#made-done');
    await focusIs(page, 'token-add');
    ok(!(await page.content()).includes(token), 'the page does not have it any more');
    await page.evaluate(() => fetch('/api/v1/tokens', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"theirs","role":"view"}' }));
    await page.locator('.tokens strong').getByText('theirs').waitFor(); // somebody else has made it
    equal(await page.locator('.tokens td[data-l="Made by"]').allInnerTexts(), ['admin', 'admin'], 'who made them');
    const row = page.locator('.tokens tbody tr').filter({ hasText: 'ci' });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await submit(page);
    await toastSays(page, 'ci is revoked');
    await row.waitFor({ state: 'detached' });
    equal((await me()).token, null);
  });
});

test('users_settings_say_who_looks_without_a_login', async () => {
  await asAdmin('/settings/users', async page => {
    await page.check('#anonymous-none');
    await page.click('#save-now');
    await toastSays(page, 'Settings saved');
    equal((await fetch(`${server.url}/api/v1/devices`)).status, 401);
    await page.click('.side a[href="/settings/access"]');
    await page.locator('#lookers').getByText('Without a login nobody sees anything here').waitFor();
    await page.click('#lookers a');
    await page.check('#anonymous-auto');
    await page.click('#save-now');
    await page.locator('#save-now').waitFor({ state: 'detached' });
    await page.click('.side a[href="/settings/access"]');
    await page.locator('#lookers').getByText('everybody may look').waitFor();
    await page.check('#access-mode-closed');
    await page.locator('#lookers').getByText('nobody sees anything').waitFor();
    equal((await fetch(`${server.url}/api/v1/devices`)).status, 200);
  });
});

test('users_who_are_no_admins_see_what_is_theirs', async () => {
  await asAdmin('/settings/users', page => page.evaluate(() => fetch('/api/v1/users', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"vera","role":"view","password":"long enough"}' })));
  const page = await open(server, '/settings/users', { width: 360, height: 780, colorScheme: 'dark' });
  await page.click('#who');
  await page.fill('#d-user', 'vera');
  await page.fill('#d-password', 'long enough');
  await submit(page);
  await page.getByText('you are vera, and may look').waitFor();
  await page.getByText('Admins see here who can log in.').waitFor();
  equal(await page.getAttribute('#user-add', 'title'), 'Log in as admin');
  ok(await page.isDisabled('#anonymous-view'), 'the setting is shown and held');
  ok(await page.isEnabled('#own-password'), 'the own password can be changed');
  await noOverflow(page);
  equal(await axeFinds(page), []);
  await close(page);
});

test('users_and_what_they_did_are_in_the_event_log', async () => {
  await asAdmin('/events', async page => {
    const ask = (verb, path, body) => page.evaluate(async ([method, url, text]) => {
      const answer = await fetch(`/api/v1/${url}`, { method, headers: { 'Content-Type': 'application/json' }, body: text });
      return answer.status === 204 ? {} : answer.json();
    }, [verb, path, body && JSON.stringify(body)]);
    await logIn('nobody', 'wrong horse');
    await ask('POST', 'users', { name: 'otto', role: 'operate', password: 'long enough' });
    await logIn('otto', 'long enough');
    const { id } = await ask('POST', 'tokens', { name: 'logs', role: 'view' });
    await ask('DELETE', `tokens/${id}`);
    await ask('PUT', 'devices/1-1/lease', { owner: 'lab', for_s: 600 });
    await ask('DELETE', 'devices/1-1/lease');
    await ask('POST', 'restore', { backup: await ask('GET', 'backup') });
    for (const [type, level, text] of [
      ['claimed', 'Info', 'has set the first password, of admin'], ['login', 'Info', 'has logged in as otto'], ['login_refused', 'Warning', 'knew no user and password'],
      ['user_changed', 'Info', 'has added the user otto'], ['token_made', 'Info', 'has made the token logs'], ['token_revoked', 'Info', 'has revoked the token logs'],
      ['lease_taken', 'Info', 'has leased 1-1 for 600 s'], ['lease_ended', 'Info', 'the lease of 1-1 has ended'],
      ['backup_made', 'Info', 'has made a backup'], ['restored', 'Warning', 'has restored a backup'],
    ]) {
      await page.fill('#f-text', type);
      const row = page.locator('.log tbody tr').filter({ hasText: text }).first();
      await row.waitFor();
      equal([await row.locator('.lv').innerText(), await row.locator('.lv svg').count()], [level, 1], type);
    }
    await page.click('#clear');
    await page.selectOption('#f-level', 'warning');
    await page.locator('.log tbody tr').filter({ hasText: 'token' }).filter({ hasText: 'Info' }).first().waitFor({ state: 'detached' });
    equal([...new Set(await page.locator('.log .lv').allInnerTexts())], ['Level', 'Warning']);
    await page.click('#clear');
    await page.selectOption('#f-busid', '1-1');
    await page.locator('.log .w').filter({ hasText: 'has logged in' }).first().waitFor({ state: 'detached' });
    await page.locator('.log .w').filter({ hasText: 'has leased' }).first().waitFor();
  });
});

test('users_end_with_their_server', () => server?.stop());
