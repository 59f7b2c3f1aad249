// SPDX-License-Identifier: Apache-2.0
// Settings, system: what runs, a restart that the page lives through, back to the factory's state.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, has, test } from './check.mjs';
import { axeFinds, focus, focusIs, live, noOverflow, startServer, toastSays, withPage } from './rig.mjs';
import { attach } from './usbip_client.mjs';

const submit = page => page.click('#dialog .primary');
const BACK_MS = 30000; // the page tries again with growing pauses

// A server that restarts has the same ports then: they are given.
const withServer = async use => {
  const folder = mkdtempSync(join(tmpdir(), 'usbip-system-')), first = await startServer({ sim: 'disk' });
  await first.stop();
  const server = await startServer({ sim: 'disk', port: first.port, httpPort: first.httpPort, more: ['--state-dir', folder] });
  try { await use(server); } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
};

const isBack = async page => {
  await page.locator('.toast').filter({ hasText: 'is back' }).waitFor({ timeout: BACK_MS });
  await live(page);
};

test('system_restart_says_whom_it_hits_and_the_page_lives_through_it', async () => {
  await withServer(async server => {
    const client = await attach(server, '1-1');
    await withPage(server, '/settings/system', {}, async page => {
      has(await page.locator('section').filter({ hasText: 'Program' }).first().innerText(), `port ${server.port}`);
      await page.click('#restart');
      await page.locator('#dialog').getByText('1 client uses 1 device.').waitFor();
      equal(await focus(page), 'Leave it');
      equal(await axeFinds(page), []);
      await submit(page);
      await toastSays(page, 'restarts', 'This page goes on as soon as it is back.');
      await client.closed;
      await isBack(page);
      equal(await page.locator('.banner.bad').count(), 0, 'the banner of the lost connection');
      await page.click('.nav a[href="/events"]');
      await page.locator('.log').getByText('has asked for a restart').waitFor();
    });
  });
});

test('system_factory_reset_wants_the_name_and_leaves_a_box_that_is_nobodys', async () => {
  await withServer(async server => {
    await server.ask('PATCH', '/api/v1/settings', { host_name: 'rack-9', takeover: 'never' });
    await server.ask('POST', '/api/v1/setup', { password: 'correct horse' });
    await withPage(server, '/settings/system', { width: 360, height: 780, colorScheme: 'dark' }, async page => {
      await page.getByText('Log in as admin to change settings').waitFor();
      await page.locator('#factory[aria-disabled=true]').click({ force: true });
      await page.fill('#d-password', 'correct horse');
      await submit(page);
      await page.locator('#factory:not([aria-disabled])').click();
      await page.fill('#d-host_name', 'rack-8');
      await submit(page);
      await page.locator('#field-error').getByText('This box is called rack-9.').waitFor();
      await focusIs(page, 'd-host_name');
      equal(await axeFinds(page), []);
      await noOverflow(page);
      await page.fill('#d-host_name', 'rack-9');
      await submit(page);
      await toastSays(page, 'rack-9 is reset');
      await isBack(page);
      await page.locator('.banner').getByText('has no password yet').waitFor();
      equal((await server.ask('GET', '/api/v1/settings')).settings.takeover, 'probe');
    });
  });
});
