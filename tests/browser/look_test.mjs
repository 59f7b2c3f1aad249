// SPDX-License-Identifier: Apache-2.0
// All pages in both themes, wide and narrow: axe, overflow; what the page weighs.
// With $USBIP_SHOTS it draws the pages for the docs.
import { join } from 'node:path';
import { equal, ok, test } from './check.mjs';
import { axeFinds, close, live, noOverflow, open, sleep, startServer } from './rig.mjs';
import { attach } from './usbip_client.mjs';

const PAGE_LIMIT = 70000, ALL_LIMIT = 85000, FILES_LIMIT = 5; // compressed; ALL: with the scripts that come later

const paths = { overview: '/', device: '/devices/1-3', topology: '/topology', clients: '/clients', events: '/events', settings: '/settings', names: '/settings/devices', system: '/settings/system' };
const ready = { overview: '[id="dev-1-3"]', device: '.eps', topology: '[role=tree]', clients: '#p-clients table', events: '.log tbody tr', settings: '#rule-rest', names: '.names tbody tr', system: '#limits-max_urbs' };

let server = null, clients = [];
const busy = async () => {
  if (server) return server;
  server = await startServer();
  clients = [await attach(server, '1-3', { ep: 1, length: 65536, pause: 20, keep: true }), await attach(server, '1-1', { keep: true })];
  return server;
};

// Each page is loaded as wide as a desk and as a phone; another theme or a little more width is no reason to load it
// again. What another theme can change is contrast.
const sizes = { desk: [{ width: 1280, height: 900 }, { width: 1920, height: 1080 }], phone: [{ width: 360, height: 780 }, { width: 320, height: 600 }] };
for (const page of Object.keys(paths)) {
  for (const [name, [size, extreme]] of Object.entries(sizes)) {
    test(`look_${page}_${name}`, async () => {
      const p = await open(await busy(), paths[page], { ...size, colorScheme: 'light' });
      await live(p);
      await p.waitForSelector(ready[page]);
      await noOverflow(p);
      equal(await axeFinds(p), [], 'light');
      await p.emulateMedia({ colorScheme: 'dark' });
      equal(await axeFinds(p, 'color-contrast'), [], 'dark');
      await p.setViewportSize(extreme);
      await noOverflow(p);
      await close(p);
    });
  }
}

// What a device may say of itself, and people of it, at its longest.
const long = {
  name: 'w'.repeat(31), alias: 'w'.repeat(31), labels: Array.from({ length: 8 }, (_, i) => `${i}${'W'.repeat(30)}`), serial: 'S'.repeat(126),
  manufacturer: 'Manufacturers and sons, '.repeat(5), product: 'ProductWithoutAnyBlank'.repeat(8),
};
const user = { address: '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff', note: 'Whoever is meant by this one hundred bytes long note, written without much of a thought for small'.slice(0, 100) };
const lengthen = message => {
  for (const d of message.devices ?? []) {
    Object.assign(d, long, { lease: { owner: 'w'.repeat(64), reason: 'W'.repeat(128), address: `${user.address}/128`, maker: 'm'.repeat(31), until: '2026-11-30T18:00:00Z', left_s: 3600 } });
    if (d.user) Object.assign(d.user, user);
  }
  for (const s of message.sessions ?? []) Object.assign(s, user, { device_name: long.name });
  for (const e of message.events ?? []) Object.assign(e, { note: user.note, peer: `[${user.address}]:65535` });
  if (message.status) message.status.name = 'n'.repeat(63);
  return message;
};
for (const [name, options] of Object.entries({ '320_px': { width: 320, height: 600 }, phone_dark: { colorScheme: 'dark', width: 360, height: 780 }, desk_light: {} })) {
  test(`look_the_longest_names_${name}`, async () => {
    const p = await open(await busy(), '/api/v1/status', options);
    await p.routeWebSocket(/live/, ws => ws.connectToServer().onMessage(text => ws.send(JSON.stringify(lengthen(JSON.parse(text))))));
    for (const page of Object.keys(paths)) {
      await p.goto(server.url + paths[page]);
      await p.waitForSelector(ready[page]);
      await live(p);
      await noOverflow(p);
      if (options.width !== 320) equal(await axeFinds(p), [], page);
    }
    await p.goto(server.url);
    await p.click('[id="ms-1-3"]');
    await noOverflow(p);
    await p.click('[id="do-disconnect-1-3"]');
    await noOverflow(p);
    await close(p);
  });
}

test('look_devices_come_before_the_chart_on_a_phone', async () => {
  const page = await open(await busy(), '/', { width: 360, height: 780 });
  await page.waitForSelector(ready.overview);
  const y = selector => page.locator(selector).evaluate(node => node.getBoundingClientRect().top);
  ok(await y('#p-dev') < await y('#p-flow'), 'devices are above the chart');
  await close(page);
});

test('look_nothing_moves_for_who_wants_less_motion', async () => {
  const page = await open(await busy(), '/', { reducedMotion: 'reduce' });
  await page.waitForSelector(ready.overview);
  equal(await page.evaluate(() => document.getAnimations().length), 0);
  await close(page);
});

test('look_weight', async () => {
  const { url } = await busy();
  const get = path => fetch(url + path, { headers: { 'Accept-Encoding': 'gzip' } });
  const size = r => Number(r.headers.get('content-length'));
  const first = await get('/'), text = await first.text();
  const assets = [...new Set(text.match(/\/assets\/[^"]+/g))], late = [...text.matchAll(/ data-\w+="(\/assets\/[^"]+)"/g)].map(m => m[1]);
  const names = assets.filter(name => !late.includes(name));
  ok(late.length >= 1, 'the settings are a script of their own');
  ok(names.length + 1 <= FILES_LIMIT, `${names.length + 1} files are not too many`);
  let all = size(first), more = 0;
  for (const name of assets) {
    const r = await get(name);
    equal(r.status, 200, name);
    equal(r.headers.get('content-encoding'), 'gzip', name);
    ok(r.headers.get('cache-control').includes('immutable'), `${name} is cached for ever`);
    const again = await fetch(url + name, { headers: { 'If-None-Match': r.headers.get('etag') } });
    equal(again.status, 304, `${name} asked for again`);
    if (late.includes(name)) more += size(r); else all += size(r);
  }
  console.log(`page: ${all} bytes compressed in ${names.length + 1} files, and ${more} in ${late.length} that come later`);
  ok(all <= PAGE_LIMIT, `${all} bytes are not too many`);
  ok(all + more <= ALL_LIMIT, `${all + more} bytes in all are not too many`);
});

// --- for the docs --------------------------------------------------------------------------------

const shots = process.env.USBIP_SHOTS;
// A bench as somebody would have it.
const dress = async () => {
  const { ask } = await busy();
  await ask('PATCH', '/api/v1/settings', { host_name: 'bench-3', access: { mode: 'closed',
    allow: [{ address: '10.0.0.0/28', note: 'CI runners' }, { address: '127.0.0.1', note: 'This bench' }, { address: 'fd00:12::/64', note: 'Test VLAN' }],
    rules: [{ device: { label: 'licences' }, addresses: ['10.0.0.7', '10.0.0.8'], effect: 'allow' }, { device: { label: 'licences' }, effect: 'hide' }] } });
  for (const [busid, names] of Object.entries({ '1-1': { alias: 'flash-drive' }, '1-2.2': { alias: 'uart-rack', labels: ['lab'] }, '1-3': { alias: 'source', labels: ['lab'] }, '1-4': { labels: ['licences'] } })) await ask('PATCH', `/api/v1/devices/${busid}`, names);
};

const draw = (name, page, { prepare, ...options }) => shots && test(`shots_${name}`, async () => {
  await dress();
  const p = await open(await busy(), paths[page], options);
  await live(p);
  await p.waitForSelector(ready[page]);
  await p.click('#later');
  await prepare?.(p);
  await sleep(9000); // so that the chart has something to show
  await p.screenshot({ path: join(shots, `${name}.png`) });
  await close(p);
});

const desk = { width: 1280, height: 860, colorScheme: 'light' }, night = { ...desk, colorScheme: 'dark' };
const phone = { width: 360, height: 760, colorScheme: 'light' };
draw('overview', 'overview', desk);
draw('overview-dark', 'overview', night);
draw('overview-phone', 'overview', phone);
draw('device', 'device', { ...desk, height: 1100 });
draw('device-dark', 'device', { ...night, height: 1100 });
draw('device-phone', 'device', phone);
draw('topology', 'topology', { ...desk, height: 700 });
draw('clients', 'clients', { ...desk, height: 500 });
draw('events', 'events', desk);
const tried = async p => {
  await p.fill('#address', '10.0.0.12');
  await p.selectOption('#busid', '1-4');
  await p.click('#try-it');
  await p.locator('.verdict').getByText('No, by rule 2.').waitFor();
};
draw('settings', 'settings', { ...desk, height: 1400, prepare: tried });
draw('settings-phone', 'settings', { ...phone, colorScheme: 'dark' });
draw('system', 'system', { ...desk, height: 1650 });
draw('names', 'names', { ...desk, height: 700 });

test('look_ends_with_its_server', async () => {
  for (const c of clients) c.detach();
  await server?.stop();
});
