// SPDX-License-Identifier: Apache-2.0
// What each page shows, and that it follows what happens.
import { equal, has, ok, test } from './check.mjs';
import { axeFinds, live, open, close, startServer, withPage } from './rig.mjs';
import { attach } from './usbip_client.mjs';

let server = null;
const shared = async () => (server ??= await startServer());
const row = busid => `[id="dev-${busid}"]`;

test('overview_first_run_with_devices', async () => {
  await withPage(await shared(), '/', {}, async page => {
    await page.waitForSelector(row('1-1'));
    const text = await page.locator('main').innerText();
    for (const part of ['Devices', 'Available', 'Clients', 'Nobody is connected.', 'Latest events', 'Throughput', 'attach -r 127.0.0.1 -b ']) has(text, part);
    ok(await page.locator('tbody tr[id^=dev-]').count() >= 5, 'five devices at least');
    has(await page.title(), ': overview');
    const first = await page.evaluate(() => performance.now());
    console.log(`first list on screen within ${Math.round(first)} ms of opening the page`);
  });
});

test('overview_first_run_without_devices_says_what_to_do', async () => {
  const empty = await startServer({ sim: 'none' });
  await withPage(empty, '/', {}, async page => {
    await page.waitForSelector('.steps');
    const text = await page.locator('main').innerText();
    for (const part of ['nothing is plugged in yet', 'sudo modprobe vhci-hcd', 'attach -r 127.0.0.1 -b 1-1', 'Plug a USB device into']) has(text, part);
    equal(await axeFinds(page), []);
  });
  await empty.stop();
});

test('overview_attach_and_detach_are_seen_live', async () => {
  await withPage(await shared(), '/', {}, async page => {
    await page.waitForSelector(row('1-1'));
    const before = await page.locator(row('1-1')).elementHandle();
    const client = await attach(server, '1-1');
    await page.locator(row('1-1')).getByText('In use').waitFor();
    await page.locator(row('1-1')).getByText('by 127.0.0.1').waitFor();
    await page.locator('#p-lower').getByText('127.0.0.1').first().waitFor();
    await page.locator(`${row('1-1')} .c-in`).filter({ hasText: 'B/s' }).waitFor();
    client.detach();
    await page.locator(row('1-1')).getByText('Available').waitFor();
    ok(await before.evaluate(node => node.isConnected), 'the row is the same element all the time');
  });
});

test('device_page_shows_who_has_it_and_what_flows', async () => {
  const client = await attach(await shared(), '1-1');
  await withPage(server, '/devices/1-1', {}, async page => {
    await page.locator('.path').getByText('127.0.0.1').waitFor();
    await page.locator('.eps').getByText('0x00').first().waitFor();
    await page.locator('.eps td.num').filter({ hasText: 'ms' }).first().waitFor();
    const text = await page.locator('main').innerText();
    for (const part of ['Configuration 1', 'Interface 0', 'Mass storage', '0x81', 'USB id', 'Since plugged in', 'Its events', 'In use now']) has(text, part);
    await page.click('#tb-windows');
    has(await page.locator('#at').innerText(), 'usbip-win2');
    await page.click('#raw summary');
    has(await page.locator('.hex').innerText(), '0000  12 01');
    await page.waitForTimeout(1500); // live updates in between
    ok(await page.locator('.hex').isVisible(), 'what was opened stays open');
    await page.click('#flow-hour');
    has(await page.locator('.plot').getAttribute('aria-label'), 'last hour');
  });
  client.detach();
  await client.closed;
});

test('device_that_is_not_there_is_said_to_be_missing', async () => {
  await withPage(await shared(), '/devices/7-7', {}, async page => {
    await page.getByText('Nothing is plugged in here.').waitFor();
    equal(await axeFinds(page), []);
  });
});

test('hub_page_shows_its_ports', async () => {
  await withPage(await shared(), '/devices/1-2', {}, async page => {
    const ports = page.locator('section').filter({ has: page.locator('#h-behind') });
    await ports.getByRole('link', { name: 'Simulated keyboard and mouse' }).waitFor();
    equal(await ports.locator('dl > div').count(), 4, 'ports');
    equal(await ports.getByText('empty').count(), 2, 'empty ports');
    equal(await page.locator('.path-line.broken').count(), 0, 'broken lines');
    ok(!(await page.locator('.path').innerText()).includes('hidden'), 'a hub is no hidden device');
    equal(await axeFinds(page), []);
  });
});

test('device_that_cannot_be_used_says_why_and_what_helps', async () => {
  const obstacle = { text: 'It is behind a hub that is too fast.', help: 'Plug it in without the hub.' };
  const page = await open(await shared(), '/clients');
  await page.routeWebSocket(/live/, ws => {
    ws.connectToServer().onMessage(text => {
      const message = JSON.parse(text);
      for (const d of message.devices ?? []) if (d.busid === '1-2.1') Object.assign(d, { state: 'refused', obstacle });
      ws.send(JSON.stringify(message));
    });
  });
  for (const path of ['/devices/1-2.1', '/topology']) {
    await page.goto(server.url + path);
    await page.locator('main').getByText(obstacle.text).waitFor();
    await page.locator('main').getByText(obstacle.help).waitFor();
    equal(await axeFinds(page), [], path);
  }
  await page.goto(`${server.url}/devices/1-2.1`);
  await page.getByText('No client can have it').waitFor();
  equal(await page.locator('#at').count(), 0, 'attach commands');
  await close(page);
});

test('topology_is_a_tree_with_empty_ports', async () => {
  await withPage(await shared(), '/topology', {}, async page => {
    await page.waitForSelector('[role=tree]');
    const items = page.locator('[role=treeitem]');
    has(await items.first().innerText(), 'Bus 1');
    ok(await page.locator('[role=treeitem][aria-level="3"]').count() >= 2, 'devices behind the hub');
    ok(await page.locator('.node.empty').count() >= 1, 'an empty port');
  });
});

for (const width of [1280, 360]) {
  test(`topology_branches_end_at_their_icons_${width}_px`, async () => {
    await withPage(await shared(), '/topology', { width }, async page => {
      await page.waitForSelector('[role=tree] .empty');
      const off = await page.evaluate(() => [...document.querySelectorAll('.tree ul .node')].map(node => {
        const icon = node.querySelector('.i').getBoundingClientRect(), end = node.getBoundingClientRect().top + parseFloat(getComputedStyle(node, '::before').height);
        return Math.abs(end - icon.top - icon.height / 2);
      }));
      ok(off.length > 8 && Math.max(...off) <= 1, `branches are ${off.join(', ')} px off`);
    });
  });
}

test('clients_page_lists_computers', async () => {
  await withPage(await shared(), '/clients', {}, async page => {
    await page.getByText('Nobody is connected').waitFor();
    const client = await attach(server, '1-3');
    await page.getByText('1 client, 1 device').waitFor();
    client.detach();
    await page.getByText('Nobody is connected').waitFor();
  });
});

test('events_are_filtered_paused_and_downloaded', async () => {
  await withPage(await shared(), '/events', {}, async page => {
    await page.waitForSelector('.log tbody tr');
    await page.fill('#f-text', 'plugged in');
    await page.waitForFunction(() => [...document.querySelectorAll('.log td.w')].every(w => w.textContent.includes('plugged in')));
    await page.click('#clear');
    await page.selectOption('#f-busid', '1-3');
    await page.waitForFunction(() => [...document.querySelectorAll('.log td.d')].every(d => d.querySelector('a')?.getAttribute('href') === '/devices/1-3'));
    await page.click('#clear');
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
    has(file.suggestedFilename(), '-events.jsonl');
    const lines = (await (await file.createReadStream()).toArray()).join('').trim().split('\n').map(l => JSON.parse(l));
    ok(lines.length > 3 && lines.every(e => e.number && e.text), 'a JSON object in each line');
    await page.click('#pause');
    const rows = await page.locator('.log tbody tr').count();
    const client = await attach(server, '1-3');
    client.detach();
    await page.locator('#pause').filter({ hasText: 'new' }).waitFor();
    equal(await page.locator('.log tbody tr').count(), rows, 'paused rows');
    await page.click('#pause');
    await page.locator('.log .w').filter({ hasText: 'imported 1-3' }).first().waitFor();
  });
});

test('events_show_local_time_and_utc', async () => {
  await withPage(await shared(), '/events', {}, async page => {
    const time = page.locator('.log tbody time').first();
    const hour = async () => Number((await time.innerText()).slice(0, 2));
    await time.waitFor();
    const local = await hour();
    await page.click('#t-utc');
    await page.waitForFunction(() => document.querySelector('#t-utc').getAttribute('aria-pressed') === 'true');
    ok([1, 2].includes((local - await hour() + 24) % 24), 'Berlin is ahead of UTC');
  });
});

test('deep_links_and_the_way_back', async () => {
  const page = await open(await shared(), '/events?busid=1-1');
  await live(page);
  await page.waitForSelector('.log');
  equal(await page.inputValue('#f-busid'), '1-1');
  await page.click('.nav a[href="/clients"]');
  await page.getByRole('heading', { name: 'Clients', exact: true }).waitFor();
  equal(new URL(page.url()).pathname, '/clients');
  await page.goBack();
  await page.waitForSelector('.log');
  for (const [path, head] of [['/topology', 'Topology'], ['/settings', 'Settings'], ['/settings/system', 'Settings'], ['/clients', 'Clients']]) {
    await page.goto(server.url + path);
    await page.getByRole('heading', { name: head, exact: true }).waitFor();
  }
  await page.goto(`${server.url}/devices/1-2.1`);
  await page.waitForSelector('.path');
  await close(page);
});

const nasty = '<img src=x onerror="window.hit=1"><script>window.hit=2</script>';

test('markup_in_names_is_text', async () => {
  const page = await open(await shared(), '/clients');
  await page.routeWebSocket(/live/, ws => {
    const box = ws.connectToServer();
    box.onMessage(text => {
      const message = JSON.parse(text);
      for (const d of message.devices ?? []) Object.assign(d, { name: nasty, manufacturer: nasty, serial: nasty, product: nasty });
      for (const e of message.events ?? []) e.text = nasty;
      message.status.name = nasty;
      ws.send(JSON.stringify(message));
    });
  });
  for (const path of ['/', '/devices/1-1', '/topology', '/events', '/settings/devices']) {
    await page.goto(server.url + path);
    await page.locator('main').getByText('<img src=x').locator('visible=true').first().waitFor();
    equal(await page.locator('main img, main script').count(), 0, `elements on ${path}`);
  }
  equal(await page.evaluate(() => window.hit), undefined);
  await close(page);
});

test('pages_end_with_their_server', () => server?.stop());
