// SPDX-License-Identifier: Apache-2.0
// The settings pages: who may attach what, what saving does, what is wrong and where.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, has, ok, test } from './check.mjs';
import { axeFinds, close, focusIs, noOverflow, open, startServer, toastSays, withPage } from './rig.mjs';
import { attach } from './usbip_client.mjs';

const NORMAL = { access: null, takeover: null, export: null, limits: null, host_name: null };

let server = null;
const shared = async () => {
  server ??= await startServer();
  await server.ask('PATCH', '/api/v1/settings', NORMAL);
  return server;
};
const settings = async () => (await server.ask('GET', '/api/v1/settings')).settings;

const at = async (path, use, options = {}) => withPage(await shared(), path, options, async page => {
  await page.waitForSelector('.panes');
  await use(page);
});

const submit = async page => {
  await page.click('#dialog .primary');
  await page.locator('#dialog').waitFor({ state: 'hidden' });
};
const allow = async (page, address, note = '') => {
  await page.click('#allow-add');
  await page.fill('#d-address', address);
  await page.fill('#d-note', note);
  await submit(page);
};
const rule = async (page, by, device, addresses, effect) => {
  await page.click('#rules-add');
  await page.selectOption('#d-by', by);
  await page.fill('#d-device', device);
  await page.fill('#d-addresses', addresses);
  await page.check(`#dialog input[value=${effect}]`);
  await submit(page);
};
const save = async page => {
  await page.click('#save-now');
  await toastSays(page, 'Settings saved');
  await page.locator('#save-now').waitFor({ state: 'detached' });
};

test('settings_access_is_written_and_saved', async () => {
  await at('/settings', async page => {
    await page.check('#access-mode-closed');
    await allow(page, '127.0.0.0/8', 'this bench');
    await allow(page, '10.0.0.7');
    await rule(page, 'class', '08', '10.0.0.7, 10.0.0.8', 'allow');
    await rule(page, 'busid', '1-1', '', 'hide');
    await page.check('#takeover-never');
    await page.check('#export-manual');
    await page.getByText('7 changes are not saved.').waitFor();
    equal(await axeFinds(page), []);
    await save(page);
    const { access, takeover, export: exported } = await settings();
    equal(access, { mode: 'closed', allow: [{ address: '127.0.0.0/8', note: 'this bench' }, { address: '10.0.0.7' }],
      rules: [{ device: { class: '08' }, addresses: ['10.0.0.7', '10.0.0.8'], effect: 'allow' }, { device: { busid: '1-1' }, effect: 'hide' }] });
    equal([takeover, exported], ['never', 'manual']);
    await page.click('#rules-edit-1');
    await page.fill('#d-device', '1-4');
    await submit(page);
    await page.click('#allow-remove-1');
    await save(page);
    const after = (await settings()).access;
    equal([after.allow.length, after.rules[1].device], [1, { busid: '1-4' }]);
  });
});

test('settings_discard_goes_back', async () => {
  await at('/settings', async page => {
    await page.check('#access-mode-closed');
    await page.click('#discard');
    await page.locator('#save-now').waitFor({ state: 'detached' });
    ok(await page.isChecked('#access-mode-open'), 'the mode is as before');
  });
});

test('settings_lists_are_ordered_by_keyboard_and_keep_the_focus', async () => {
  await shared();
  await server.ask('PATCH', '/api/v1/settings', { access: { rules: ['1-1', '1-3', '1-4'].map(busid => ({ device: { busid }, effect: 'hide' })) } });
  await at_saved('/settings', async page => {
    await page.focus('#rules-up-2');
    await page.keyboard.press('Enter');
    await focusIs(page, 'rules-up-1');
    await page.keyboard.press('Enter');
    await focusIs(page, 'rules-down-0', 'the button that still moves it');
    has(await page.locator('#rule-0').innerText(), '1-4');
    has(await page.locator('#said').innerText(), 'Rule 2 is rule 1 now');
    await page.focus('#rules-remove-2');
    await page.keyboard.press('Enter');
    await focusIs(page, 'rules-remove-1');
    await save(page);
    equal((await settings()).access.rules.map(r => r.device.busid), ['1-4', '1-1']);
  });
});
const at_saved = async (path, use) => withPage(server, path, {}, async page => {
  await page.waitForSelector('.panes');
  await use(page);
});

test('settings_saving_says_whom_it_ends_and_asks', async () => {
  await at('/settings', async page => {
    const client = await attach(server, '1-1');
    await page.check('#access-mode-closed');
    await page.getByText('Saving ends 1 session: 127.0.0.1 on').waitFor();
    await page.click('#save-now');
    const dialog = page.locator('#dialog');
    await dialog.getByText('End 1 session by saving?').waitFor();
    has(await dialog.innerText(), '127.0.0.1 on Simulated disk. The address is not on the list of those allowed.');
    await focusIs(page, 'Do not save');
    equal(await axeFinds(page), []);
    await page.keyboard.press('Escape');
    equal((await settings()).access.mode, 'open');
    ok(!client.ended, 'nobody was disconnected');
    await page.click('#save-now');
    await page.getByRole('button', { name: 'Save and end 1 session' }).click();
    await toastSays(page, 'Settings saved', '127.0.0.1 on Simulated disk');
    await client.closed;
    equal((await settings()).access.mode, 'closed');
  });
});

test('settings_who_may_tries_what_is_not_saved', async () => {
  await at('/settings', async page => {
    await rule(page, 'busid', '1-1', '10.0.0.7', 'allow');
    await rule(page, 'busid', '1-1', '', 'hide');
    await page.fill('#address', '10.0.0.9');
    await page.selectOption('#busid', '1-1');
    await page.click('#try-it');
    const verdict = page.locator('.verdict');
    await verdict.getByText('No, by rule 2.').waitFor();
    has(await verdict.innerText(), 'hides bus id 1-1 (Simulated disk) from everybody');
    equal(await page.locator('#rule-1.hit').count(), 1, 'the rule that decided');
    equal(await axeFinds(page), []);
    await page.fill('#address', '10.0.0.7');
    await verdict.getByText('No, by rule 2.').waitFor({ state: 'detached' });
    await page.keyboard.press('Enter');
    await verdict.getByText('Yes, by rule 1.').waitFor();
    await page.fill('#address', '10.0.0.300');
    await page.keyboard.press('Enter');
    await page.getByText('An address like 10.0.0.7').waitFor();
    equal(await page.getAttribute('#address', 'aria-invalid'), 'true');
    equal((await settings()).access.rules, [], 'nothing was saved');
  });
});

test('settings_what_is_wrong_stands_at_its_field', async () => {
  await at('/settings', async page => {
    await page.click('#allow-add');
    await page.fill('#d-address', '10.0.0.300');
    await page.click('#dialog .primary');
    await page.locator('#field-error').getByText('An IPv4 or IPv6 address or a block').waitFor();
    await focusIs(page, 'd-address');
    equal(await axeFinds(page), []);
    await page.fill('#d-address', '10.0.0.30');
    await submit(page);
    await page.click('#rules-add');
    await page.selectOption('#d-by', 'id');
    await page.fill('#d-device', 'stick');
    await page.click('#dialog .primary');
    await page.locator('#field-error').getByText('Vendor and product in hex').waitFor();
    await focusIs(page, 'd-device');
    await page.fill('#d-device', '0525:a4a0');
    await page.fill('#d-addresses', '10.0.0.7, everybody');
    await page.click('#dialog .primary');
    await page.waitForFunction(() => document.activeElement.id === 'd-addresses' && document.activeElement.ariaInvalid === 'true');
    await page.keyboard.press('Escape');
    await page.click('.side a[href="/settings/system"]');
    await page.fill('#host_name', 'a b');
    await page.click('#save-now');
    await page.locator('#e-host_name').getByText('letters, digits and hyphens').waitFor();
    await focusIs(page, 'host_name');
    equal(await axeFinds(page), []);
    await page.click('.side a[href="/settings/access"]');
    await page.locator('.save .bad').getByText('Name: 1 to 63 letters').waitFor();
    equal((await settings()).access.allow, [], 'nothing has changed');
  });
});

test('settings_numbers_and_names', async () => {
  await at('/settings/system', async page => {
    await page.getByText('seconds, that is 4\u00a0h').waitFor();
    await page.fill('#limits-silent_s', '120');
    await page.getByText('seconds, that is 2\u00a0min').waitFor();
    await page.fill('#host_name', 'rack-7');
    await save(page);
    const s = await settings();
    equal([s.host_name, s.limits.silent_s], ['rack-7', 120]);
    await page.fill('#limits-silent_s', '');
    await save(page);
    equal((await settings()).limits.silent_s, 14400, 'empty is the default');
    equal(await page.inputValue('#limits-silent_s'), '14400');
  });
});

const others = { access: { allow: [{ address: '10.9.9.9' }] }, host_name: 'theirs' };
const readAgain = async page => {
  await page.getByText('Somebody else has changed the settings').waitFor();
  equal(await axeFinds(page), []);
  await page.click('#again');
  await page.getByText('Others have changed the same: Allowed addresses').waitFor();
  has(await page.locator('#allow-0').innerText(), '10.0.0.7');
  ok(await page.isChecked('#access-mode-closed'), 'what was chosen stays');
};

test('settings_that_somebody_else_changes_meanwhile_keep_what_was_typed', async () => {
  await at('/settings', async page => {
    await page.check('#access-mode-closed');
    await allow(page, '10.0.0.7');
    await server.ask('PATCH', '/api/v1/settings', others);
    await readAgain(page);
    await save(page);
    const s = await settings();
    equal([s.access.mode, s.access.allow, s.host_name], ['closed', [{ address: '10.0.0.7' }], 'theirs']);
  });
});

// The page does not hear of it: 412 tells it.
test('settings_that_are_stale_are_not_saved', async () => {
  const page = await open(await shared(), '/clients');
  await page.routeWebSocket(/live/, ws => {
    ws.connectToServer().onMessage(text => ws.send(JSON.stringify({ ...JSON.parse(text), events: [] })));
  });
  await page.goto(`${server.url}/settings`);
  await page.waitForSelector('.panes');
  await page.check('#access-mode-closed');
  await allow(page, '10.0.0.7');
  await page.waitForTimeout(600); // the try of what would end is over
  await server.ask('PATCH', '/api/v1/settings', others);
  const [answer] = await Promise.all([page.waitForResponse(r => r.request().method() === 'PATCH'), page.click('#save-now')]);
  equal(answer.status(), 412);
  await readAgain(page);
  await close(page);
});

test('settings_that_others_change_are_followed', async () => {
  await at('/settings', async page => {
    await server.ask('PATCH', '/api/v1/settings', { access: { mode: 'closed' } });
    await page.waitForFunction(() => document.querySelector('#access-mode-closed').checked);
  });
});

test('settings_that_a_file_fixes_and_those_that_are_kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'usbip-browser-')), file = join(folder, 'server.json');
  writeFileSync(file, JSON.stringify({ version: 2, access: { mode: 'closed' }, limits: { max_urbs: 64 } }));
  const fixed = await startServer({ more: ['--config', file, '--state-dir', join(folder, 'state')] });
  await withPage(fixed, '/settings', {}, async page => {
    await page.locator('fieldset').getByText(`Fixed by ${file}; change it there.`).waitFor();
    ok(await page.isDisabled('#access-mode-open'), 'the mode cannot be chosen');
    ok(await page.isEnabled('#allow-add'), 'the list can be changed');
    equal(await page.getByText('Changes hold until the server ends').count(), 0);
    equal(await axeFinds(page), []);
    await page.click('.side a[href="/settings/system"]');
    ok(await page.isDisabled('#limits-max_urbs') && await page.isEnabled('#limits-silent_s'), 'only what the file has is fixed');
  });
  await fixed.stop();
  rmSync(folder, { recursive: true });
});

test('settings_that_are_not_kept_say_so', async () => {
  await at('/settings', async page => {
    has(await page.locator('.notes').innerText(), 'Changes hold until the server ends');
  });
});

// What only the chip has, in the document that it would serve.
test('settings_of_the_network', async () => {
  const page = await open(await shared(), '/clients');
  await page.route('**/api/v1/settings*', async route => {
    const answer = await route.fetch(), body = await answer.json();
    if (!body.settings) return route.fulfill({ response: answer });
    body.settings.network = { addressing: 'dhcp', address: '0.0.0.0', netmask: '0.0.0.0', gateway: '0.0.0.0', dns: '0.0.0.0', sntp_server: 'pool.ntp.org' };
    body.settings.usb = { bus1_speed: 'high', bus2_speed: 'full' };
    return route.fulfill({ response: answer, json: body });
  });
  await page.goto(`${server.url}/settings/network`);
  await page.check('#network-addressing-static');
  await page.fill('#network-address', '192.168.1.30');
  await page.check('#usb-bus1_speed-full');
  await page.getByText('3 changes are not saved.').waitFor();
  await page.getByText('the old one comes back by itself').waitFor();
  equal(await axeFinds(page), []);
  const [request] = await Promise.all([page.waitForRequest(r => r.method() === 'PATCH' && r.url().endsWith('dry_run=1')), page.click('#save-now')]);
  equal(request.postDataJSON(), { network: { addressing: 'static', address: '192.168.1.30' }, usb: { bus1_speed: 'full' } });
  await page.locator('.save .bad').first().waitFor(); // this port has none of it, and says so
  await close(page);
});

test('settings_that_cannot_be_loaded_are_tried_again', async () => {
  const page = await open(await shared(), '/clients');
  await page.route('**/settings-*.js', route => route.abort());
  await page.click('.nav a[href="/settings"]');
  await page.getByText('This page could not be loaded').waitFor();
  equal(await axeFinds(page), []);
  await page.unroute('**/settings-*.js');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.waitForSelector('.panes');
  await close(page);
});

for (const [name, options] of Object.entries({ desk_light: {}, desk_dark: { colorScheme: 'dark' }, phone_light: { width: 360, height: 780 }, phone_dark: { colorScheme: 'dark', width: 360, height: 780 }, phone_320: { width: 320, height: 600 } })) {
  test(`settings_full_of_long_names_${name}`, async () => {
    await shared();
    const long = 'a-very-long-label-of-31-letters', address = '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff';
    await server.ask('PATCH', '/api/v1/settings', { access: { allow: [{ address, note: 'W'.repeat(100) }], rules: [{ device: { serial: 'S'.repeat(60) }, addresses: [address, '10.0.0.0/28'], effect: 'hide' }, { device: { label: long }, effect: 'allow' }] } });
    await withPage(server, '/settings', options, async page => {
      await page.waitForSelector('#rule-1');
      await page.check('#access-mode-closed');
      await page.locator('.save').waitFor();
      await noOverflow(page);
      if (options.width !== 320) equal(await axeFinds(page), []);
      for (const button of ['#rules-edit-0', '#allow-edit-0']) {
        await page.click(button);
        await noOverflow(page);
        if (options.width !== 320) equal(await axeFinds(page), [], button);
        await page.keyboard.press('Escape');
      }
    });
  });
}

test('settings_end_with_their_server', () => server?.stop());
