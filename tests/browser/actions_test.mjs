// SPDX-License-Identifier: Apache-2.0
// Every button: what it asks before, what it does, what it says after, also when it fails.
import { equal, has, ok, test } from './check.mjs';
import { axeFinds, focusIs, startServer, toastSays, withPage } from './rig.mjs';
import { attach } from './usbip_client.mjs';

let server = null;
const shared = async () => (server ??= await startServer());
const on = id => `[id="${id}"]`;
const row = busid => on(`dev-${busid}`);

test('action_disconnect_says_whom_it_hits_and_what_came_of_it', async () => {
  const client = await attach(await shared(), '1-1');
  await withPage(server, '/devices/1-1', {}, async page => {
    await page.click(on('do-disconnect-1-1'));
    const question = await page.locator('#dialog').innerText();
    for (const part of ['Disconnect 127.0.0.1 from', 'has had it for', 'Keep attached']) has(question, part);
    await focusIs(page, 'Keep attached');
    equal(await axeFinds(page), []);
    await page.click('#dialog .danger');
    await toastSays(page, '127.0.0.1 is disconnected', 'is available again.');
    await client.closed;
    equal(await axeFinds(page), []);
  });
});

test('action_menu_keeps_its_place_and_the_focus', async () => {
  const client = await attach(await shared(), '1-3');
  await withPage(server, '/', {}, async page => {
    await page.click(on('ms-1-3'));
    await page.locator(on('m-1-3')).getByText('Disconnect 127.0.0.1…').waitFor();
    await page.waitForTimeout(1500); // live updates in between
    ok(await page.locator(on('do-unplug-1-3')).isVisible(), 'the menu stays open');
    equal(await axeFinds(page), []);
    await page.click(on('do-disconnect-1-3'));
    await page.keyboard.press('Escape');
    await focusIs(page, 'ms-1-3');
    ok(!client.ended, 'nobody was disconnected');
  });
  client.detach();
  await client.closed;
});

test('action_clients_page_ends_a_session', async () => {
  const client = await attach(await shared(), '1-1');
  await withPage(server, '/clients', {}, async page => {
    await page.getByRole('button', { name: /^Disconnect… 127.0.0.1/ }).click();
    await page.click('#dialog .danger');
    await toastSays(page, '127.0.0.1 is disconnected');
    await client.closed;
    await page.getByText('Nobody is connected').waitFor();
  });
});

test('action_reset_tells_its_outcome', async () => {
  await withPage(await shared(), '/devices/1-3', {}, async page => {
    await page.click(on('do-reset-1-3'));
    ok((await page.locator('#dialog').innerText()).includes('Nobody has it.'), 'says whom it hits');
    await page.click('#dialog .danger');
    await toastSays(page, 'is reset', 'Clients can attach it.');
  });
});

test('action_power_of_a_port_and_back', async () => {
  const client = await attach(await shared(), '1-2.2');
  await withPage(server, '/devices/1-2.2', {}, async page => {
    await page.click(on('do-power-1-2.2'));
    has(await page.locator('#dialog').innerText(), '127.0.0.1 has');
    equal(await axeFinds(page), []);
    await page.getByText('off until it is switched on again').click();
    await page.click('#dialog .danger');
    await toastSays(page, 'Port 1-2.2 has no power now');
    await client.closed;
    await page.getByText('This port has no power.').waitFor();
    equal(await axeFinds(page), []);
    await page.click('.nav a[href="/topology"]');
    await page.locator(on('node-1-2.2')).getByText('has no power').waitFor();
    equal(await axeFinds(page), []);
    await page.click(on('power-1-2.2'));
    await page.click('#dialog .primary');
    await toastSays(page, 'Port 1-2.2 has power now');
    await page.locator(on('node-1-2.2')).getByText('Available').waitFor();
  });
});

test('action_power_off_for_a_while', async () => {
  await withPage(await shared(), '/devices/1-2.2', {}, async page => {
    await page.click(on('do-power-1-2.2'));
    has(await page.locator('#dialog').innerText(), 'Nobody has');
    await page.click('#dialog .primary');
    await toastSays(page, 'Port 1-2.2 has no power now');
    await page.waitForSelector('.path');
  });
});

test('action_unplug_and_plug', async () => {
  await withPage(await shared(), '/devices/1-2.1', {}, async page => {
    await page.click(on('do-unplug-1-2.1'));
    await page.click('#dialog .danger');
    await toastSays(page, 'is unplugged');
    await page.getByText('is not plugged in.').waitFor();
    equal(await axeFinds(page), []);
    await page.click(on('plug-1-2.1'));
    await toastSays(page, 'is plugged in', 'Clients can attach 1-2.1.');
    await page.waitForSelector('.path');
  });
});

test('action_unplugged_devices_are_offered_on_overview_and_topology', async () => {
  await withPage(await shared(), '/', {}, async page => {
    await page.click(on('ms-1-4'));
    await page.click(on('do-unplug-1-4'));
    await page.click('#dialog .danger');
    await page.locator(row('1-4')).waitFor({ state: 'detached' });
    await page.waitForSelector(on('plug-1-4'));
    await page.click('.nav a[href="/topology"]');
    await page.locator(on('node-1-4')).getByText('is not plugged in').waitFor();
    await page.click(on('plug-1-4'));
    await toastSays(page, 'is plugged in');
    await page.locator(on('node-1-4')).getByText('Available').waitFor();
  });
});

test('action_type_text', async () => {
  await withPage(await shared(), '/devices/1-2.1', {}, async page => {
    await page.click(on('do-type-1-2.1'));
    await page.fill('#text', 'grün');
    await page.keyboard.press('Enter');
    await page.locator('#field-error').waitFor();
    equal(await page.getAttribute('#text', 'aria-invalid'), 'true');
    equal(await axeFinds(page), []);
    await page.fill('#text', 'hello');
    await page.keyboard.press('Enter');
    await toastSays(page, '5 characters typed');
  });
});

test('action_simulate_several_devices', async () => {
  await withPage(await shared(), '/topology', {}, async page => {
    await page.click('#simulate');
    const dialog = page.locator('#dialog');
    await page.click('#dialog .primary');
    await dialog.getByText('Choose one, or write which.').waitFor();
    for (const kind of ['camera', 'multi']) await dialog.getByRole('checkbox', { name: kind }).first().check();
    await page.fill('#more', 'toaster');
    equal(await axeFinds(page), []);
    await page.click('#dialog .primary');
    await toastSays(page, '2 devices are plugged in');
    await page.locator('#field-error').waitFor(); // there is no toaster
    equal(await dialog.getByRole('checkbox', { checked: true }).count(), 0, 'what is done already');
    await page.fill('#more', 'keyboard serial');
    await page.click('#dialog .primary');
    await dialog.waitFor({ state: 'hidden' });
    await page.locator('.tree').getByText('Simulated webcam').first().waitFor();
  });
});

test('action_failure_is_told_in_the_words_of_the_box', async () => {
  const client = await attach(await shared(), '1-1');
  await withPage(server, '/devices/1-1', {}, async page => {
    await page.click(on('do-disconnect-1-1'));
    client.detach();
    await client.closed;
    await page.locator('.path').getByText('nobody has it').waitFor();
    const [answer] = await Promise.all([page.waitForResponse(/disconnect$/), page.click('#dialog .danger')]);
    equal(answer.status(), 409);
    const problem = await answer.json();
    const toast = (await page.locator('.toast.bad').innerText()).toLowerCase();
    has(toast, problem.title.toLowerCase());
    has(toast, problem.detail.toLowerCase());
  });
});

test('action_copy', async () => {
  await withPage(await shared(), '/devices/1-1', { permissions: ['clipboard-read', 'clipboard-write'] }, async page => {
    await page.click('#at [data-copy]');
    await page.getByRole('button', { name: 'Copied Linux attach command' }).waitFor();
    has(await page.evaluate(() => navigator.clipboard.readText()), `attach -r 127.0.0.1 -b 1-1`);
    await page.getByRole('button', { name: 'Copy Linux attach command' }).waitFor();
  });
});

test('action_copy_where_there_is_no_clipboard_interface', async () => {
  await withPage(await shared(), '/devices/1-1', {}, async page => {
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined });
      document.addEventListener('copy', () => { window.copied = document.activeElement.value; });
    });
    await page.click('#at [data-copy]');
    await page.getByRole('button', { name: 'Copied Linux attach command' }).waitFor();
    has(await page.evaluate(() => window.copied), 'attach -r 127.0.0.1 -b 1-1');
  });
});

test('actions_end_with_their_server', () => server?.stop());
