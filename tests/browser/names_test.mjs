// SPDX-License-Identifier: Apache-2.0
// What devices are called, whether clients see them, and where that is shown.
import { equal, has, ok, test } from './check.mjs';
import { axeFinds, close, focusIs, open, startServer, toastSays, withPage } from './rig.mjs';
import { attach } from './usbip_client.mjs';

let server = null;
const shared = async () => (server ??= await startServer());
const on = id => `[id="${id}"]`;
const device = async busid => server.ask('GET', `/api/v1/devices/${busid}`);

const name = async (page, fields) => {
  for (const [field, value] of Object.entries(fields)) await page.fill(`#d-${field}`, value);
  await page.click('#dialog .primary');
};

test('names_are_given_on_the_settings_page', async () => {
  await withPage(await shared(), '/settings/devices', {}, async page => {
    await page.click(on('names-1-1'));
    await name(page, { alias: 'Big Disk' });
    await page.locator('#field-error').getByText('1 to 31 of').waitFor();
    equal(await axeFinds(page), []);
    await name(page, { alias: 'flash', labels: 'lab, spare' });
    await toastSays(page, '1-1 is called flash', 'Clients see flash.');
    await page.locator(on('name-1-1')).getByText('serial ').waitFor(); // read again after the toast
    const d = await device('flash');
    equal([d.busid, d.labels], ['1-1', ['lab', 'spare']]);
    await page.click(on('names-1-1'));
    equal(await page.inputValue('#d-labels'), 'lab, spare');
    await page.check('#dialog input[value=port]');
    await page.uncheck('#dialog input[name=exported]');
    await page.click('#dialog .primary');
    await toastSays(page, 'Clients do not see flash.');
    await page.locator(on('name-1-1')).getByText('port 1-1').waitFor();
    await page.locator(on('name-1-1')).getByText('hidden').waitFor();
    equal((await device('1-1')).exported, false);
  });
});

test('names_of_a_hidden_device_say_that_it_is_not_on_offer', async () => {
  await withPage(await shared(), '/', {}, async page => {
    const row = page.locator(on('dev-1-1'));
    await row.getByText('Hidden').waitFor();
    has(await row.innerText(), 'It is not exported.');
    await page.goto(`${server.url}/devices/1-1`);
    await page.locator('.path').getByText('does not see it').waitFor();
    equal(await page.locator('#at').count(), 0, 'attach commands');
    equal(await axeFinds(page), []);
  });
});

test('names_are_given_on_the_device_page', async () => {
  await withPage(await shared(), '/devices/1-2.1', {}, async page => {
    await page.click(on('do-names-1-2.1'));
    await page.waitForSelector('#d-alias');
    equal(await axeFinds(page), []);
    await name(page, { alias: 'desk-keys' });
    await toastSays(page, '1-2.1 is called desk-keys');
    await page.getByRole('heading', { name: 'desk-keys' }).waitFor();
    has(await page.locator('#at').innerText(), '-b desk-keys');
    await focusIs(page, 'do-names-1-2.1');
  });
});

test('names_say_who_loses_a_device_that_is_hidden', async () => {
  const client = await attach(await shared(), '1-3');
  await withPage(server, '/devices/1-3', {}, async page => {
    await page.locator('.path').getByText('127.0.0.1').waitFor();
    await page.click(on('do-names-1-3'));
    await page.locator('#dialog').getByText('If not, 127.0.0.1 loses it at once.').waitFor();
    await page.uncheck('#dialog input[name=exported]');
    await page.click('#dialog .primary');
    await client.closed;
    await page.locator('.path').getByText('does not see it').waitFor();
  });
  await server.ask('PATCH', '/api/v1/devices/1-3', { exported: true });
});

test('names_of_devices_that_are_not_plugged_in', async () => {
  await shared();
  await server.ask('PATCH', '/api/v1/devices/1-4', { alias: 'headset', alias_by: 'port' });
  await server.ask('POST', '/api/v1/devices/1-4/unplug');
  await withPage(server, '/settings/devices', {}, async page => {
    const row = page.locator('.names tr').filter({ hasText: 'headset' });
    await row.getByText('not plugged in now').waitFor();
    equal(await axeFinds(page), []);
    await row.getByRole('button', { name: /^Edit/ }).click();
    await name(page, { alias: 'flash' });
    await page.locator('#field-error').waitFor();
    await name(page, { alias: 'phones', labels: 'spare' });
    await toastSays(page, 'The names are saved');
    const renamed = page.locator('.names tr').filter({ hasText: 'phones' });
    await renamed.getByRole('button', { name: /^Forget/ }).click();
    await page.click('#dialog .danger');
    await toastSays(page, 'phones is forgotten');
    await renamed.waitFor({ state: 'detached' });
    ok(!(await server.ask('GET', '/api/v1/settings')).settings.devices.some(d => d.busid === '1-4'), 'the box has forgotten it');
  });
});

test('names_and_notes_stand_beside_devices_and_addresses', async () => {
  await shared();
  await server.ask('PATCH', '/api/v1/devices/1-3', { alias: 'source' });
  await server.ask('PATCH', '/api/v1/settings', { access: { allow: [{ address: '127.0.0.0/8', note: 'this bench' }] } });
  const client = await attach(server, '1-3');
  await withPage(server, '/', {}, async page => {
    await page.locator(on('dev-1-3')).getByText('by 127.0.0.1 (this bench)').waitFor();
    await page.locator('#p-lower tbody').getByText('this bench').waitFor();
    await page.locator('.mini li').filter({ hasText: 'imported 1-3' }).getByText('source, this bench').waitFor();
    for (const [path, selector] of [['/clients', 'tbody'], ['/topology', on('node-1-3')], ['/devices/1-3', '.path'], ['/events', '.log .c']]) {
      await page.goto(server.url + path);
      await page.locator(selector).getByText('this bench').first().waitFor();
      await page.locator('main').getByText('source').locator('visible=true').first().waitFor();
    }
    await page.click('.nav a[href="/clients"]');
    await page.getByRole('button', { name: /^Disconnect…/ }).click();
    await page.locator('#dialog').getByText('127.0.0.1 (this bench) has had it').waitFor();
  });
  client.detach();
  await client.closed;
});

test('names_of_a_silent_holder_and_what_the_next_client_gets', async () => {
  for (const [takeover, words] of [['probe', 'the next client gets it'], ['never', 'nobody else gets it']]) {
    const page = await open(await shared(), '/clients');
    await page.routeWebSocket(/live/, ws => ws.connectToServer().onMessage(text => {
      const message = JSON.parse(text);
      message.status.takeover = takeover;
      for (const d of message.devices) if (d.busid === '1-2.2') Object.assign(d, { state: 'in_use', user: { session: 7, peer: '10.0.0.7:4711', address: '10.0.0.7', note: 'Lab laptop', since_s: 8040, silent_s: 184 } });
      ws.send(JSON.stringify(message));
    }));
    await page.goto(server.url);
    const row = page.locator(on('dev-1-2.2'));
    await row.getByText('Client silent for 3\u00a0min').waitFor();
    await row.getByText(`held by 10.0.0.7 (Lab laptop); ${words}`).waitFor();
    equal(await axeFinds(page), []);
    await page.goto(`${server.url}/devices/1-2.2`);
    await page.locator('.path-line.silent').getByText(words).waitFor();
    await page.locator('.path').getByText('Lab laptop, attached 2\u00a0h 14\u00a0min ago').waitFor();
    await close(page);
  }
});

test('names_end_with_their_server', () => server?.stop());
