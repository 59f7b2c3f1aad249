// SPDX-License-Identifier: Apache-2.0
// The page people open first: the verdict, the figures, who has what.
import { html, icon } from './html.js';
import { state } from './state.js';
import { bytes, count, plural, rateCell, scaled, spanParts, speeds } from './words.js';
import { attachLine, boxName, clientCell, clients, command, deviceLink, devicePath, fetches, ghosts, miniEvents, otherHost, product,
  shown, simulateButton, stateCell, sum, tally, unpluggedNote, unpluggedPorts, usable } from './parts.js';
import { flowPart, spark } from './chart.js';
import { deviceMenu } from './actions_device.js';

// --- the verdict and the strip -------------------------------------------------------------------

const groups = { device_unusable: ['device cannot be used', 'devices cannot be used'], client_silent: ['client is silent', 'clients are silent'], urb_stuck: ['transfer does not end', 'transfers do not end'] };

const verdictLines = problems => {
  const lines = Object.entries(groups).flatMap(([code, words]) => {
    const n = problems.filter(p => p.code === code).length;
    return n ? [plural(n, ...words)] : [];
  });
  return [...lines, ...problems.filter(p => !groups[p.code]).map(p => p.text)];
};

const verdict = status => {
  const { problems } = status;
  if (!problems.length) {
    const ready = shown().length ? `${boxName()} works as it should.` : 'Ready, and nothing plugged in.';
    return html`<div class="verdict-big"><h1>${icon('check', 'good')}All well</h1><p>${ready}</p></div>`;
  }
  const bad = problems.some(p => p.severity === 'error');
  return html`<div class="verdict-big"><h1>${icon(bad ? 'cannot' : 'silent', bad ? 'bad' : 'warn')}${plural(problems.length, 'problem')}</h1><p>${verdictLines(problems).map((line, i) => html`${i ? html`, <br>` : ''}${line}`)}</p></div>`;
};

const parts = list => list.map(([n, unit]) => html`${n} <small>${unit}</small> `);

const network = ({ network: n }) => {
  const words = { dhcp: 'DHCP', static: 'static', link_local: 'link-local' }[n.source];
  const address = n.addresses.find(a => !a.startsWith('fe80')) ?? n.addresses[0];
  const known = n.up || n.source || n.addresses.length;
  const figure = !known ? html`<dd class="fig soft">unknown</dd>` : !n.up ? html`<dd class="fig warn">${icon('silent')} down</dd>` : html`<dd class="fig">${n.link_mbps ? html`${n.link_mbps} <small>Mbit/s</small>` : 'up'}</dd>`;
  return html`<div><dt>Network</dt>${figure}<dd class="addr">${[address, words].filter(Boolean).join(', ')}</dd></div>`;
};

// The smallest pool is the one that runs out.
const memory = ({ memory: pools }) => {
  const pool = pools.reduce((a, b) => a && a.free / a.size <= b.free / b.size ? a : b, null);
  if (!pool) return html`<div><dt>Memory</dt><dd class="fig soft">unknown</dd><dd></dd></div>`;
  const [free, unit] = scaled(pool.free, 'B'), used = pool.size - pool.free;
  const names = { urb: 'for transfers', internal: 'internal RAM', psram: 'external RAM' };
  return html`<div><dt>Memory</dt><dd class="fig">${free} <small>${unit} free<span class="more"> of ${bytes(pool.size)}</span></small></dd><dd><meter min="0" max="${pool.size}" high="${Math.round(pool.size * 0.9)}" value="${used}">${bytes(used)} of ${bytes(pool.size)} used</meter>${pool.least_free == null ? names[pool.pool] ?? pool.pool : `least free so far: ${bytes(pool.least_free)}`}</dd></div>`;
};

const refused = ({ refusals: r }) => html`<div><dt>Refused, last hour</dt><dd class="fig">${count(r.count)}</dd><dd class="addr">${r.latest ? html`<a href="/events?level=warning">${r.latest.text}</a>` : 'nobody was turned away'}</dd></div>`;

const pending = ({ oldest_pending: o, problems }) => {
  if (!o) return html`<div><dt>Oldest pending URB</dt><dd class="fig">none</dd><dd>nothing waits</dd></div>`;
  const stuck = problems.some(p => p.code === 'urb_stuck');
  return html`<div><dt>Oldest pending URB</dt><dd class="fig ${stuck ? 'warn' : ''}">${stuck ? html`${icon('silent')} ` : ''}${parts(spanParts(o.s))}</dd><dd>${deviceLink(o.busid)}, <span class="mono">${o.endpoint}</span></dd></div>`;
};

const mast = () => {
  const { status } = state;
  if (!status) return html`<header class="mast" id="p-mast"><h1 class="sr">Overview</h1>${ghosts('Health')}</header>`;
  return html`<header class="mast" id="p-mast">${verdict(status)}<dl class="strip">${network(status)}<div><dt>Running for</dt><dd class="fig">${parts(spanParts(state.uptime))}</dd><dd>${status.restart_text ?? ''}</dd></div>${memory(status)}${refused(status)}${pending(status)}</dl></header>`;
};

// Problems of the box itself; those of a device stand in its row.
const notes = () => html`<div id="p-notes">${(state.status?.problems ?? []).filter(p => !p.busid).map(p =>
  html`<div class="note ${p.severity === 'error' ? 'bad' : 'warn'}">${icon(p.severity === 'error' ? 'cannot' : 'silent')}<div><strong>${p.text}</strong>${p.help ? html`<p>${p.help}</p>` : ''}</div></div>`)}</div>`;

// --- devices -------------------------------------------------------------------------------------

const figures = d => {
  if (!usable(d)) return html`<td role="cell" class="c-state" colspan="4">${stateCell(d)}</td>`;
  return html`<td role="cell" class="c-state">${stateCell(d)}</td><td role="cell" class="c-spark">${spark(d.busid)}</td><td role="cell" class="c-rate c-in num" data-l="In">${rateCell(d.rates.in_bytes_per_s)}</td><td role="cell" class="c-rate c-out num" data-l="Out">${rateCell(d.rates.out_bytes_per_s)}</td>`;
};

const row = d => {
  const [speed, mbits] = speeds[d.speed] ?? speeds.unknown;
  return html`<tr role="row" id="dev-${d.busid}"><td role="cell" class="c-dev"><div class="dev">${icon(d.kind, 'big')}<div class="two"><a class="cut" href="${devicePath(d.busid)}" title="${d.name}">${d.name}</a><small class="cut" title="${product(d)}">${product(d)}</small></div></div></td><td role="cell" class="c-id two"><span class="mono">${d.busid}</span><small class="mono">${d.id}</small></td><td role="cell" class="c-speed two"><span>${speed}</span><small>${mbits}</small></td>${figures(d)}<td role="cell" class="c-menu">${deviceMenu(d)}</td></tr>`;
};

const heads = [['c-dev', 'Name'], ['c-id', 'Bus id, USB id'], ['c-speed', 'Speed'], ['c-state', 'State'], ['c-spark', 'In, last minute'], ['c-rate num', 'In'], ['c-rate num', 'Out']];

const table = list => html`<table class="devices list" role="table" aria-label="Devices"><thead role="rowgroup"><tr role="row">${heads.map(([kind, name]) => html`<th scope="col" role="columnheader" class="${kind}">${name}</th>`)}<th scope="col" role="columnheader" class="c-menu"><span class="sr">Actions</span></th></tr></thead><tbody role="rowgroup">${list.map(row)}</tbody></table>`;

const foot = list => {
  const free = list.find(d => usable(d) && !d.hidden && !d.lease && d.state === 'available') ?? list.find(d => usable(d) && !d.hidden);
  const other = otherHost();
  return html`<div class="foot">${free ? html`<span>Attach one from Linux</span>${command(attachLine(free), 'attach command')}${other ? html`<span>From another computer: ${other} in place of ${location.hostname}.</span>` : ''}` : ''}${unpluggedNote()}</div>`;
};

const steps = () => html`<div class="path bare" role="img" aria-label="A USB device, ${boxName()}, and a computer on the network: not connected yet"><div class="path-end">${icon('plug')}<span class="two"><span><strong>A USB device</strong></span><small>not plugged in</small></span></div><div class="path-line none"><span>USB</span><small>&nbsp;</small></div><div class="path-end">${icon('box')}<span class="two"><span><strong>${boxName()}</strong></span><small>ready</small></span></div><div class="path-line none"><span>network, port ${state.status.usbip_port ?? 3240}</span><small>&nbsp;</small></div><div class="path-end">${icon('desk')}<span class="two"><span><strong>Your computer</strong></span><small>sees it as its own</small></span></div></div>
<ol class="steps"><li><div><h3>Plug a USB device into ${boxName()}</h3><p>It appears here within a second, with its name and what it is.</p></div></li>
<li><div><h3>Attach it from another computer</h3><p>Linux, with package <code>usbip</code>. The device page has the line for Windows.</p>${command('sudo modprobe vhci-hcd', 'first command')}${command(attachLine({ busid: '1-1' }), 'attach command')}</div></li>
${state.status.simulated ? html`<li><div><h3>No device at hand?</h3><p>${boxName()} can simulate some, so that you can see all of it work.</p><div class="row">${unpluggedPorts().length ? unpluggedNote() : ''}${simulateButton()}</div></div></li>` : ''}</ol>`;

const devices = () => {
  const list = shown();
  const body = !state.status ? ghosts('Devices') : list.length ? html`${table(list)}${foot(list)}` : steps();
  return html`<section id="p-dev" aria-labelledby="h-dev"><div class="head"><h2 id="h-dev">Devices</h2>${state.status ? html`<span class="soft">${list.length ? tally() : 'nothing is plugged in yet'}</span>` : ''}</div>${body}</section>`;
};

// --- clients and events --------------------------------------------------------------------------

const clientRow = client => html`<tr role="row">${clientCell(client)}<td role="cell" class="full addr">${client[1].map((s, i) => html`${i ? html`<br>` : ''}${deviceLink(s.busid)}`)}</td><td role="cell" class="num" data-l="In">${rateCell(sum(client[1], s => s.rates.in_bytes_per_s))}</td><td role="cell" class="num" data-l="Out">${rateCell(sum(client[1], s => s.rates.out_bytes_per_s))}</td></tr>`;

const lower = () => {
  const all = clients();
  return html`<div class="cols" id="p-lower"><section aria-labelledby="h-cli"><div class="head"><h2 id="h-cli">Clients</h2><a class="small" href="/clients">All clients</a></div>${all.length ? html`<table class="list" role="table" aria-label="Clients"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Client</th><th scope="col" role="columnheader">Devices</th><th scope="col" role="columnheader" class="num">In</th><th scope="col" role="columnheader" class="num">Out</th></tr></thead><tbody role="rowgroup">${all.map(clientRow)}</tbody></table>` : html`<p class="soft stack">Nobody is connected.</p>`}</section>
<section aria-labelledby="h-ev"><div class="head"><h2 id="h-ev">Latest events</h2><a class="small" href="/events">Event log</a></div>${miniEvents(state.events.filter(e => e.level !== 'debug').slice(-6).reverse(), 'Nothing has happened yet.')}</section></div>`;
};

export const overview = {
  title: () => 'overview',
  fetches: () => [fetches('/api/v1/history', 'every 60s'), fetches('/api/v1/topology'), fetches('/api/v1/simulate')],
  parts: [mast, notes, () => shown().length ? flowPart() : html`<div id="p-flow"></div>`, devices, lower],
};
