// SPDX-License-Identifier: Apache-2.0
// The connection: lost, healed, paused.
import { connect } from 'node:net';
import { equal, has, ok, test } from './check.mjs';
import { axeFinds, live, startServer, withPage } from './rig.mjs';
import { attach } from './usbip_client.mjs';

const state = (page, name, timeout) => page.waitForSelector(`.live[data-link=${name}]`, { timeout });

test('link_a_silent_box_greys_the_page_within_3_s_and_heals', async () => {
  const server = await startServer();
  await withPage(server, '/', {}, async page => {
    await page.waitForSelector('[id="dev-1-1"]');
    await live(page);
    const ink = () => page.evaluate(() => getComputedStyle(document.querySelector('main h1')).color);
    const before = await ink();
    server.pause();
    await state(page, 'lost', 4000); // 3 s, and what this machine takes
    ok(await ink() !== before, 'the page is grey');
    const banner = await page.locator('#banner').innerText();
    for (const part of ['No connection to', 'What you see is from then.', 'Try now']) has(banner, part);
    equal(await axeFinds(page), []);
    server.goOn();
    await page.evaluate(() => document.querySelector('#try')?.click()); // or it has tried by itself
    await live(page);
    await page.locator('.banner.bad').waitFor({ state: 'detached' });
    equal(await ink(), before);
  });
  await server.stop();
});

test('link_heals_by_itself_when_the_server_is_back', async () => {
  let server = await startServer();
  const { port, httpPort } = server;
  await withPage(server, '/', {}, async page => {
    await live(page);
    await server.stop();
    await state(page, 'lost');
    server = await startServer({ port, httpPort });
    await state(page, 'live', 15000);
    const client = await attach(server, '1-1');
    await page.locator('[id="dev-1-1"]').getByText('In use').waitFor();
    client.detach();
  });
  await server.stop();
});

test('link_a_page_that_was_busy_itself_has_not_lost_its_box', async () => {
  const server = await startServer();
  await withPage(server, '/', {}, async page => {
    await live(page);
    const states = await page.evaluate(async () => {
      const seen = [], node = document.querySelector('.live');
      new MutationObserver(() => seen.push(node.dataset.link)).observe(node, { attributeFilter: ['data-link'] });
      await new Promise(done => setTimeout(done, 300));
      for (const until = performance.now() + 4000; performance.now() < until;);
      await new Promise(done => setTimeout(done, 1500));
      return [...seen, node.dataset.link];
    });
    ok(!states.includes('lost'), `${states} has no loss`);
  });
  await server.stop();
});

test('link_an_action_without_a_box_says_so', async () => {
  const server = await startServer();
  await withPage(server, '/devices/1-1', {}, async page => {
    await page.click('[id="do-unplug-1-1"]');
    await server.stop();
    await page.click('#dialog .danger');
    await page.locator('.toast.bad').filter({ hasText: 'could not be unplugged' }).filter({ hasText: 'does not answer' }).waitFor();
  });
});

test('link_a_hidden_tab_pauses', async () => {
  const server = await startServer();
  await withPage(server, '/devices/1-1', {}, async page => {
    await page.waitForSelector('.path');
    const hide = hidden => page.evaluate(h => {
      Object.defineProperty(document, 'hidden', { value: h, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    await hide(true);
    await state(page, 'paused');
    let requests = 0;
    page.on('request', () => requests++);
    await page.waitForTimeout(2500);
    equal(requests, 0, 'requests of a hidden page');
    await hide(false);
    await live(page);
    await page.waitForRequest(/devices\/1-1$/);
  });
  await server.stop();
});

test('link_focus_and_typing_survive_live_updates', async () => {
  const server = await startServer();
  await withPage(server, '/events', {}, async page => {
    await page.waitForSelector('.log tbody tr');
    await page.keyboard.press('/');
    await page.keyboard.type('1-1', { delay: 50 });
    const client = await attach(server, '1-1');
    client.detach();
    await page.locator('.log .w').filter({ hasText: 'imported 1-1' }).waitFor();
    equal(await page.evaluate(() => [document.activeElement.id, document.activeElement.value]), ['f-text', '1-1']);
  });
  await server.stop();
});

const upgrade = 'GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const openSocket = port => new Promise((done, failed) => {
  const socket = connect(port, '127.0.0.1', () => socket.write(upgrade));
  socket.once('data', head => (head.includes('101') ? done(socket) : failed(new Error(String(head)))));
  socket.on('data', () => {}).on('error', failed);
});

// As many as Linux has room for; on the chip it is the fourth page (http_esp_test.c).
test('link_one_page_too_many_says_so_and_heals_when_another_closes', async () => {
  const server = await startServer();
  const others = [];
  for (let i = 0; i < 256; i++) others.push(await openSocket(server.httpPort));
  await withPage(server, '/', {}, async page => {
    const banner = page.locator('#banner');
    await banner.getByText('No place for one more.').waitFor();
    await banner.getByText('256 pages are kept up to date already, which is all that there is room for. Close one of them.').waitFor();
    equal(await axeFinds(page), []);
    others.pop().destroy();
    await state(page, 'live', 15000);
    await page.waitForSelector('[id="dev-1-1"]');
  });
  for (const socket of others) socket.destroy();
  await server.stop();
});
