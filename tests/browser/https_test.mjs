// SPDX-License-Identifier: Apache-2.0
// The page by HTTPS, with a certificate that nobody knows: the browser is told to take it.
import { createServer } from 'node:net';
import { equal, ok, test } from './check.mjs';
import { live, startServer, withPage } from './rig.mjs';

// Nobody's at the moment: --https-port 0 is no HTTPS.
const freePort = () => new Promise(done => {
  const s = createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)); });
});

// The port may be taken by somebody else meanwhile.
const startSecure = async () => {
  for (let left = 5; ; left--) {
    const port = await freePort();
    try {
      const server = await startServer({ sim: 'disk', more: ['--https-port', port] });
      return { ...server, url: `https://127.0.0.1:${port}` };
    } catch (e) { if (!left) throw e; }
  }
};

test('https_the_page_is_live_and_its_cookie_secure', async () => {
  const server = await startSecure();
  await withPage(server, '/settings', { ignoreHTTPSErrors: true }, async page => {
    const socket = page.waitForEvent('websocket');
    await page.reload();
    equal(new URL((await socket).url()).protocol, 'wss:');
    await live(page);
    await page.click('#set-up');
    await page.fill('#d-password', 'correct horse');
    await page.click('#dialog .primary');
    await page.click('#who');
    await page.click('#dialog .primary');
    await page.locator('#who').getByText('Log in').click();
    await page.fill('#d-user', 'admin');
    await page.fill('#d-password', 'correct horse');
    await page.click('#dialog .primary');
    await page.getByRole('button', { name: 'Log out admin' }).waitFor();
    await live(page); // and the socket that comes after a login is let in
    const [cookie] = await page.context().cookies();
    equal([cookie.name, cookie.secure, cookie.httpOnly, cookie.sameSite], ['__Host-usbip_session', true, true, 'Strict']);
    const plain = await page.context().request.get(`http://127.0.0.1:${server.httpPort}/api/v1/me`);
    equal((await plain.json()).user, null, 'who that is on the plain port');
    ok(await page.evaluate(async () => (await (await fetch('/api/v1/me')).json()).user === 'admin'), 'it is admin here');
  });
  await server.stop();
});
