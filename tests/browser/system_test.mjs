// SPDX-License-Identifier: Apache-2.0
// Settings, system: what runs, backup and restore, a restart that the page lives through, back to the factory's
// state.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, has, ok, test } from './check.mjs';
import { axeFinds, focus, focusIs, live, noOverflow, startServer, toastSays, withPage } from './rig.mjs';
import { attach } from './usbip_client.mjs';

const submit = page => page.click('#dialog .primary');
const BACK_MS = 30000; // the page tries again with growing pauses

// The list of events, without a reload.
const isLogged = async (page, level, text) => {
  await page.click('.nav a[href="/events"]');
  const row = page.locator('.log tbody tr').filter({ hasText: text }).first();
  await row.waitFor();
  equal(await row.locator('.lv').innerText(), level, text);
};

// A server that restarts has the same ports then: they are given.
const withServer = async (use, ...more) => {
  const folder = mkdtempSync(join(tmpdir(), 'usbip-system-')), first = await startServer({ sim: 'disk' });
  await first.stop();
  const server = await startServer({ sim: 'disk', port: first.port, httpPort: first.httpPort, more: ['--state-dir', folder, ...more] });
  try { await use(server, folder); } finally {
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
      await page.locator('.banner.bad').waitFor({ state: 'detached' });
    });
  });
});

test('system_restart_says_before_what_is_lost', async () => {
  for (const [keeps, more] of [[true, ['--state-dir', mkdtempSync(join(tmpdir(), 'usbip-system-'))]], [false, []]]) {
    const server = await startServer({ sim: 'none', more });
    try {
      await withPage(server, '/settings/system', {}, async page => {
        await page.click('#restart');
        await page.locator('#dialog').getByText('Nobody uses a device now.').waitFor();
        equal(await page.locator('#dialog').getByText('users and tokens are gone then').count(), keeps ? 0 : 1, 'what is lost');
      });
    } finally {
      await server.stop();
      if (keeps) rmSync(more[1], { recursive: true });
    }
  }
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

// The file that a button brings, as JSON.
const downloaded = async (page, press) => {
  const [file] = await Promise.all([page.waitForEvent('download'), press()]);
  return JSON.parse(readFileSync(await file.path(), 'utf8'));
};
const choose = (page, text) => page.setInputFiles('#file', { name: 'old.json', mimeType: 'application/json', buffer: Buffer.from(typeof text === 'string' ? text : JSON.stringify(text)) });

test('system_backup_and_restore_show_first_what_would_change', async () => {
  await withServer(async server => {
    await server.ask('PATCH', '/api/v1/settings', { takeover: 'never', access: { rules: [{ device: { busid: '1-1' }, effect: 'hide' }] } });
    await withPage(server, '/settings/system', {}, async page => {
      const plain = await downloaded(page, () => page.click('#download-backup'));
      equal([plain.format, plain.secrets], ['usbip-backup', undefined]);
      await server.ask('PATCH', '/api/v1/settings', { takeover: null, access: null });
      await choose(page, plain);
      await page.getByText('old.json would change 2 settings').waitFor();
      equal((await page.locator('.differences tbody tr').allInnerTexts()).map(text => text.split(/\s*\t\s*/)), [['takeover', 'probe', 'never'], ['access.rules', 'none', 'device: busid: 1-1; effect: hide']]);
      equal(await axeFinds(page), []);
      await page.click('#apply');
      await toastSays(page, 'old.json is restored', '2 settings have changed.');
      equal((await server.ask('GET', '/api/v1/settings')).settings.takeover, 'never');
      await choose(page, { ...plain, settings: { ...plain.settings, takeover: 'sometimes' } });
      await page.locator('.note.bad').getByText('takeover').first().waitFor();
      equal(await axeFinds(page), []);
      await choose(page, 'no JSON');
      await page.locator('.note.bad').getByText('This is no backup').waitFor();
    });
  });
});

test('system_backup_with_users_wants_its_passphrase_again', async () => {
  await withServer(async server => {
    await server.ask('POST', '/api/v1/setup', { password: 'correct horse' });
    await withPage(server, '/settings/system', { width: 320, height: 700, colorScheme: 'dark' }, async page => {
      await page.click('#log-in');
      await page.fill('#d-password', 'correct horse');
      await submit(page);
      await page.locator('#with-secrets:not([aria-disabled])').click();
      await page.fill('#d-password', 'open sesame');
      const sealed = await downloaded(page, () => submit(page));
      ok(sealed.secrets.data, 'it has secrets');
      await page.evaluate(() => fetch('/api/v1/tokens', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"late","role":"view"}' }));
      await choose(page, sealed);
      await focusIs(page, 'passphrase');
      await page.fill('#passphrase', 'close sesame');
      await page.click('#compare');
      await page.locator('#e-passphrase').waitFor();
      await focusIs(page, 'passphrase');
      equal(await axeFinds(page), []);
      await page.fill('#passphrase', 'open sesame');
      await page.keyboard.press('Enter');
      await page.getByText('Users and tokens become those of the file').waitFor();
      has(await page.locator('#restored-users').innerText(), 'What changes: tokens late.');
      await noOverflow(page);
      equal(await axeFinds(page), []);
      await page.click('#apply');
      await toastSays(page, 'old.json is restored');
      await page.getByRole('button', { name: 'Log out admin' }).waitFor();
      equal((await page.evaluate(async () => (await fetch('/api/v1/tokens')).json())).tokens, [], 'tokens');
    });
  });
});

// Another server's own one is as good as any.
test('system_certificate_is_shown_and_replaced_by_an_own_one', async () => {
  const port = await new Promise(done => { const probe = createServer().listen(0, () => { const { port: free } = probe.address(); probe.close(() => done(free)); }); });
  let other = null;
  await withServer(async (server, folder) => { other = readFileSync(join(folder, 'certificate.pem'), 'utf8'); }, '--https-port', port);
  await withServer(async server => {
    await withPage(server, '/settings/system', {}, async page => {
      const section = page.locator('[aria-labelledby=h-certificate]'), print = async () => section.locator('.mono').innerText();
      await section.getByText('itself: browsers warn of it').waitFor();
      await section.getByText(`https on port ${port}`).waitFor();
      const before = await print(), { sha256 } = await server.ask('GET', '/api/v1/certificate');
      equal(before.replaceAll(':', '').toLowerCase(), sha256);
      await page.click('#own-certificate');
      equal(await axeFinds(page), []);
      const file = (name, text) => page.setInputFiles(`#d-${name}`, { name: `${name}.pem`, mimeType: 'text/plain', buffer: Buffer.from(text) });
      const pem = kind => new RegExp(`-----BEGIN ${kind}-----[^]*?-----END ${kind}-----\n`).exec(other)[0];
      await file('certificate', pem('CERTIFICATE'));
      await file('key', 'no key');
      await submit(page);
      await page.locator('#field-error').waitFor();
      await focusIs(page, 'd-key');
      await file('key', pem('[A-Z ]*PRIVATE KEY'));
      await submit(page);
      await toastSays(page, 'The certificate is in use');
      ok(await print() !== before, 'it is another one');
      await page.setViewportSize({ width: 320, height: 700 });
      await noOverflow(page);
      equal(await axeFinds(page), []);
      await isLogged(page, 'Info', 'has changed the certificate of HTTPS');
    });
  }, '--https-port', port);
});
