// SPDX-License-Identifier: Apache-2.0
// Devices that are reserved for somebody, for a while.
import { equal, has, ok, test } from './check.mjs';
import { axeFinds, close, focus, focusIs, live, noOverflow, open, startServer, toastSays, withPage } from './rig.mjs';
import { attach } from './usbip_client.mjs';

let server = null;
const shared = async () => (server ??= await startServer());
const on = id => `[id="${id}"]`;
const submit = page => page.click('#dialog .primary');
const taken = () => attach(server, '1-3').then(() => true, e => { has(e.message, 'import refused'); return false; });

test('lease_is_taken_changed_and_ended_on_the_device_page', async () => {
  await withPage(await shared(), '/devices/1-3', {}, async page => {
    await page.click(on('do-lease-1-3'));
    await focusIs(page, 'd-owner');
    await page.fill('#d-owner', 'anna');
    await page.fill('#d-reason', 'soak test');
    await page.fill('#d-address', '10.0.0');
    await submit(page);
    await page.locator('#field-error').waitFor();
    await focusIs(page, 'd-address');
    equal(await axeFinds(page), []);
    await page.fill('#d-address', '10.0.0.0/24');
    await page.selectOption('#d-for_s', { label: '2 hours' });
    await submit(page);
    await toastSays(page, 'is reserved for anna', 'Only 10.0.0.0/24 may attach it.');
    await page.locator('#lease').getByText('Reserved for anna until').waitFor();
    has(await page.innerText('#lease'), 'Soak test. Only 10.0.0.0/24 may attach it; others find it busy. 127.0.0.1 has reserved it.');
    await page.locator('.path').getByText('from 10.0.0.0/24').waitFor();
    equal(await axeFinds(page), []);
    ok(!await taken(), 'this computer does not get it');
    const { left_s: left, until } = (await server.ask('GET', '/api/v1/devices/1-3')).lease;
    ok(left > 7000 && left <= 7200, `${left} s are left of two hours`);

    await page.goto(server.url);
    await page.locator(on('dev-1-3')).getByText('for anna, soak test, until').waitFor();
    await page.getByText('1 reserved').waitFor();
    await page.locator('.mini').getByText('leased 1-3').first().waitFor();
    await page.click(on('ms-1-3'));
    await page.click(`${on('dev-1-3')} ${on('do-lease-1-3')}`);
    has(await page.locator('#d-for_s option:checked').innerText(), 'as it is, until ');
    await page.fill('#d-address', '127.0.0.1');
    await submit(page);
    await toastSays(page, 'Only 127.0.0.1 may attach it from now on.');
    equal((await server.ask('GET', '/api/v1/devices/1-3')).lease.until, until, 'the end of who changes something else');
    await focusIs(page, 'ms-1-3');
    ok(await taken(), 'this computer gets it');
    await page.locator(on('dev-1-3')).getByText('reserved for anna').waitFor();

    await page.goto(`${server.url}/devices/1-3`);
    await page.click(on('do-unlease-1-3'));
    equal(await focus(page), 'Leave it');
    equal(await axeFinds(page), []);
    await submit(page);
    await toastSays(page, 'is not reserved any more');
    await page.locator('#lease').waitFor({ state: 'detached' });
    await page.locator(on('do-lease-1-3')).waitFor();
    equal((await server.ask('GET', '/api/v1/devices/1-3')).lease, null);
  });
});

test('lease_until_a_time_on_a_phone', async () => {
  await withPage(await shared(), '/devices/1-4', { width: 320, height: 700, colorScheme: 'dark' }, async page => {
    await live(page);
    await page.click(on('do-lease-1-4'));
    await page.fill('#d-owner', 'bob');
    await page.fill('#d-until', '2020-01-01T10:00');
    await submit(page);
    await page.locator('#field-error').waitFor();
    await focusIs(page, 'd-until');
    await noOverflow(page);
    equal(await axeFinds(page), []);
    await page.evaluate(() => { // tomorrow, as the clock of this page's zone has it
      const day = new Date(Date.now() + 24 * 3600e3);
      document.querySelector('#d-until').value = new Date(day - day.getTimezoneOffset() * 60e3).toISOString().slice(0, 16);
    });
    await submit(page);
    await page.locator('#lease').getByText('Reserved for bob until').waitFor();
    await noOverflow(page);
    equal(await axeFinds(page), []);
    const { left_s: left } = (await server.ask('GET', '/api/v1/devices/1-4')).lease;
    ok(left > 86200 && left <= 86400, `${left} s are left of a day`);
    await page.evaluate(() => fetch('/api/v1/devices/1-4/lease', { method: 'DELETE' }));
  });
});

// The chip before a time server has answered.
test('lease_without_a_time_of_day_says_how_much_longer', async () => {
  const page = await open(await shared(), '/clients');
  await page.routeWebSocket(/live/, ws => ws.connectToServer().onMessage(text => {
    const message = JSON.parse(text);
    message.time = null;
    for (const d of message.devices) if (d.busid === '1-4') d.lease = { owner: 'anna', reason: '', address: '10.0.0.7', maker: 'admin', until: null, left_s: 7260 };
    ws.send(JSON.stringify(message));
  }));
  await page.goto(`${server.url}/devices/1-4`);
  await page.locator('#lease').getByText('Reserved for anna for another 2\u00a0h').waitFor();
  await page.click(on('do-lease-1-4'));
  await page.locator('#d-for_s').waitFor();
  equal(await page.locator('#d-until').count(), 0, 'there is no time to say until when');
  has(await page.locator('#d-for_s option:checked').innerText(), 'as it is, for another 2\u00a0h');
  const [request] = await Promise.all([page.waitForRequest('**/1-4/lease'), submit(page)]);
  const { for_s: left, ...wish } = request.postDataJSON();
  equal(wish, { owner: 'anna', address: '10.0.0.7' });
  ok(left > 7200 && left <= 7260, `${left} s stay`);
  await close(page);
});

test('lease_of_somebody_else_can_be_ended_not_changed', async () => {
  await shared();
  const ask = async (path, body, headers = {}, verb = 'POST') => fetch(server.url + path, { method: verb, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) });
  const Cookie = (await ask('/api/v1/setup', { password: 'correct horse' })).headers.get('set-cookie').split(';')[0];
  equal((await ask('/api/v1/users', { name: 'olga', role: 'operate', password: 'olga olga' }, { Cookie })).status, 201);
  equal((await ask('/api/v1/devices/1-1/lease', { owner: 'lab', for_s: 600 }, { Cookie }, 'PUT')).status, 201);
  await withPage(server, '/devices/1-1', {}, async page => {
    await page.locator('#lease').getByText('Reserved for lab').waitFor();
    await page.locator(`${on('do-unlease-1-1')}[aria-disabled=true]`).waitFor();
    equal(await page.getByText('admin has reserved it.').count(), 0, 'a user named to somebody who has not logged in');
    equal(await axeFinds(page), []);
    await page.click('#who');
    await page.fill('#d-user', 'olga');
    await page.fill('#d-password', 'olga olga');
    await submit(page);
    await page.locator(`${on('do-unlease-1-1')}:not([aria-disabled])`).waitFor();
    await page.locator('#lease').getByText('admin has reserved it.').waitFor();
    equal(await page.locator(on('do-lease-1-1')).count(), 0, 'a button to change it');
    equal(await page.getAttribute(on('do-names-1-1'), 'title'), 'Log in as admin');
    await page.click(on('do-unlease-1-1'));
    await submit(page);
    await toastSays(page, 'is not reserved any more');
  });
});

test('lease_ends_with_the_server', () => server?.stop());
