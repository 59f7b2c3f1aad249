// SPDX-License-Identifier: Apache-2.0
// One device: who has it, how to attach it, what flows, what it is.
import { html, icon } from './html.js';
import { state, lasted } from './state.js';
import { ui } from './ui.js';
import { bytes, capital, count, dump, milliseconds, plural, rate, rateCell, span, speedName, speeds } from './words.js';
import { allPorts, attachLine, boxName, command, darkPorts, deviceLink, facts, fetches, ghosts, holder, isSilent, leaseEnd, miniEvents, nextClient, otherHost, plugButton, powerButton, product, silentFor, stateWords, unpluggedName, usable } from './parts.js';
import { legend, plot, timeSwitch } from './chart.js';
import { deviceButtons, leaseButtons } from './actions_device.js';

const detail = busid => state.details.get(busid) ?? null;
const isHub = d => d.state === 'hub';
const isGone = busid => state.status && !state.devices.has(busid);

// --- title and picture ---------------------------------------------------------------------------

const crumb = html`<nav class="crumb" aria-label="Breadcrumb"><a href="/">Overview</a> / Device</nav>`;

const classes = d => [...new Set((d.interfaces ?? []).map(i => i.class_name).filter(Boolean))].join(', ');

const gone = busid => {
  const port = allPorts().find(p => p.path === busid && p.unplugged), dark = darkPorts().find(p => p.path === busid);
  if (dark) return html`<div id="p-title">${crumb}<div class="title"><h1>${icon('port')}${busid}</h1><div class="actions">${powerButton(dark)}</div></div><p class="lead">This port has no power${dark.power.changing ? ' for a while' : ''}. What is plugged in is shown here when it has. <a href="/">All devices</a></p></div>`;
  return html`<div id="p-title">${crumb}<div class="title"><h1>${icon('port')}${busid}</h1>${port ? html`<div class="actions">${plugButton(port)}</div>` : ''}</div><p class="lead">${port ? `${capital(unpluggedName(port))} is not plugged in.` : 'Nothing is plugged in here.'} This page shows it as soon as it is. <a href="/">All devices</a></p></div>`;
};

const title = busid => {
  const d = state.devices.get(busid);
  if (!d) return isGone(busid) ? gone(busid) : html`<div id="p-title">${crumb}<h1 class="sr">${busid}</h1>${ghosts('Device')}</div>`;
  const lead = [d.alias ? product(d) : d.manufacturer, classes(d) || d.class_name].filter(Boolean).join(': ');
  return html`<div id="p-title">${crumb}<div class="title"><div><h1>${icon(d.kind)}${d.name}</h1><p class="lead">${lead}</p></div><div class="actions">${deviceButtons(d)}</div></div></div>`;
};

const end = (mark, first, second) => html`<div class="path-end">${icon(mark)}<span class="two"><span><strong>${first}</strong></span><small>${second}</small></span></div>`;
const line = (kind, first, second) => html`<div class="path-line ${kind}"><span>${first}</span><small>${second || html`&nbsp;`}</small></div>`;

const userEnd = d => {
  const { user } = d;
  if (isHub(d)) return [line('none', 'stays here', ''), end('desk', 'Your computer', 'may attach what is behind it')];
  if (!usable(d)) return [line('none', 'cannot be attached', ''), end('desk', 'Your computer', 'does not see it')];
  if (!user && d.hidden) return [line('none', 'hidden', ''), end('desk', 'Your computer', 'does not see it')];
  if (!user && d.lease) return [line('none', 'reserved', leaseEnd(d)), end('desk', d.lease.owner, `from ${d.lease.address}`)];
  if (!user) return [line('none', 'nobody has it', ''), end('desk', 'Your computer', 'may attach it')];
  const since = `attached ${span(lasted(user.since_s, d.at))} ago`;
  if (isSilent(d)) return [line('silent', `silent for ${silentFor(d)}`, nextClient()), end('desk', user.address, [user.note, since].filter(Boolean).join(', '))];
  const trip = detail(d.busid)?.round_trip_s;
  return [line('', `${rate(d.rates.in_bytes_per_s)} in, ${rate(d.rates.out_bytes_per_s)} out`, trip == null ? '' : `${milliseconds(trip)}\u00a0ms round trip`),
    end('desk', user.address, [user.note, since].filter(Boolean).join(', '))];
};

const leaseNote = d => !d.lease ? '' : html`<div class="note" id="lease">${icon('lease')}<div><strong>Reserved for ${d.lease.owner} ${leaseEnd(d)}</strong><p>${d.lease.reason ? `${capital(d.lease.reason)}. ` : ''}Only ${d.lease.address} may attach it; others find it busy.${d.lease.maker ? ` ${d.lease.maker} has reserved it.` : ''}</p></div><div class="actions">${leaseButtons(d)}</div></div>`;

const picture = busid => {
  const d = state.devices.get(busid);
  if (!d) return html`<div id="p-path"></div>`;
  const broken = !usable(d) && !isHub(d);
  return html`<div id="p-path"><div class="path" role="group" aria-label="Who uses it">${end(d.kind, d.name, html`bus id <span class="mono">${d.busid}</span>`)}${line(broken ? 'broken' : '', speedName(d.speed), speeds[d.speed]?.[1])}${end('box', boxName(), stateWords(d))}${userEnd(d)}</div>${broken && d.obstacle ? html`<div class="note bad">${icon('cannot')}<div><strong>${d.obstacle.text}</strong><p>${d.obstacle.help}</p></div></div>` : ''}${leaseNote(d)}</div>`;
};

// --- left: what flows, what it has ---------------------------------------------------------------

const throughput = d => html`<section class="small-plot" aria-labelledby="h-rate"><div class="head"><h2 id="h-rate">Throughput</h2>${timeSwitch()}</div><figure class="stack">${plot(d.busid, d.name)}</figure>${legend()}</section>`;

const ms = s => html`<td class="num">${milliseconds(s)} <small class="soft">ms</small></td>`;
const direction = e => e.direction === 'both' ? '' : e.direction.toUpperCase();
const oldest = e => e.waits_for_data ? 'waits for data' : e.oldest_pending_s == null ? '' : e.oldest_pending_s < 1 ? `${milliseconds(e.oldest_pending_s)}\u00a0ms` : span(e.oldest_pending_s);

// Of the last minute where the box tells it, and that is wanted.
const latency = e => ui.latency === 'minute' && e.latency_last_minute_s || e.latency_s;
const latencySwitch = () => html`<div class="seg" role="group" aria-label="Latency">${[['minute', 'Last minute'], ['all', 'Since attached']].map(([id, name]) => html`<button type="button" id="latency-${id}" aria-pressed="${String(ui.latency === id)}" data-set="latency:${id}">${name}</button>`)}</div>`;

const endpointRow = e => html`<tr><td class="two"><span class="nowrap"><span class="mono">${e.address}</span> ${direction(e)}</span><small class="ph">${typeName(e)}</small></td><td class="desk">${typeName(e)} <span class="soft nowrap">${e.max_packet_size} B</span></td><td class="num">${rateCell(e.rates?.bytes_per_s)}</td>${latency(e)?.p50 == null ? html`<td class="num zero" colspan="2">${ui.latency === 'minute' && e.urbs ? 'none lately' : 'no data yet'}</td>` : html`${ms(latency(e).p50)}${ms(latency(e).p99)}`}<td class="num">${e.pending ? e.pending : html`<span class="zero">0</span>`}</td><td class="desk soft">${oldest(e)}</td></tr>`;
const typeName = e => ({ control: 'Control', bulk: 'Bulk', interrupt: 'Interrupt', isochronous: 'Isochronous' })[e.type];

const heads = [['Endpoint'], ['Type', 'desk'], ['Rate', 'num'], ['p50', 'num'], ['p99', 'num'], ['Pending', 'num'], ['Oldest', 'desk']];
const endpoints = d => {
  const list = d.endpoints ?? [];
  const head = html`<div class="head"><h2 id="h-ep">Endpoints</h2>${list.length ? latencySwitch() : ''}</div>`;
  if (!list.length) return html`<section aria-labelledby="h-ep">${head}<p class="soft stack">${usable(d) && !d.hidden ? 'Rates and latency appear here while a client has it.' : 'No client can have it, so nothing flows.'}</p></section>`;
  return html`<section aria-labelledby="h-ep">${head}<table class="tight eps"><thead><tr>${heads.map(([name, kind]) => html`<th scope="col" class="${kind}">${name}</th>`)}</tr></thead><tbody>${list.map(endpointRow)}</tbody></table></section>`;
};

const leaf = e => html`<li><div class="leaf"><span class="mono">${e.address}</span> ${direction(e)} <span class="soft">${[typeName(e), `${e.max_packet_size} B${e.packets_per_microframe > 1 ? ` × ${e.packets_per_microframe}` : ''}`, e.interval ? `interval ${e.interval}` : ''].filter(Boolean).join(', ')}</span></div></li>`;

const interfaces = (c, open) => c.interfaces.flatMap(i => i.alternates.map(a => {
  const name = `Interface ${i.number}${i.alternates.length > 1 ? `, alternate ${a.alternate}` : ''}: ${a.class_name ?? 'unknown class'}`;
  return html`<li><details ${open && i.number === 0 && a.alternate === 0 ? html`open` : ''} id="if-${c.value}-${i.number}-${a.alternate}"><summary><span>${name} <span class="soft">${[a.class, a.name].filter(Boolean).join(', ')}</span></span></summary><ul>${a.endpoints.length ? a.endpoints.map(leaf) : html`<li><div class="leaf soft">no endpoints</div></li>`}</ul></details></li>`;
}));

const configuration = c => html`<details ${c.active ? html`open` : ''} id="cf-${c.value}"><summary><span>Configuration ${c.value} <span class="soft">${[c.active && 'active', c.self_powered ? 'self powered' : 'bus powered', `${c.max_power_ma} mA`, c.remote_wakeup && 'remote wakeup', c.name].filter(Boolean).join(', ')}</span></span></summary><ul>${interfaces(c, c.active)}</ul></details>`;

const descriptors = d => {
  const all = d.descriptors;
  if (!all) return '';
  const hex = [all.device_hex, ...all.configurations.map(c => c.hex)];
  return html`<section aria-labelledby="h-desc"><div class="head"><h2 id="h-desc">Descriptors</h2></div><div class="desc stack">${all.configurations.map(configuration)}<details id="raw"><summary><span>Raw descriptors <span class="soft">${hex.map(h => h.length / 2).join(' + ')} bytes</span></span></summary><pre class="hex" tabindex="0" role="region" aria-label="Raw descriptors">${hex.map(dump).join('\n\n')}</pre></details></div></section>`;
};

const portLine = p => html`<div><dt>port ${p.port}</dt><dd>${state.devices.has(p.path) ? deviceLink(p.path) : html`<span class="soft">${p.unplugged ? `${unpluggedName(p)} is not plugged in` : 'empty'}</span>`}</dd></div>`;
const behind = busid => html`<section aria-labelledby="h-behind"><div class="head"><h2 id="h-behind">Ports</h2><a class="small" href="/topology">Topology</a></div><dl class="facts">${(allPorts().find(p => p.path === busid)?.ports ?? []).map(portLine)}</dl></section>`;

// --- right: attach, identity, sums ---------------------------------------------------------------

const tab = (system, name) => html`<button type="button" role="tab" aria-controls="at" id="tb-${system}" tabindex="${ui.system === system ? 0 : -1}" aria-selected="${String(ui.system === system)}" data-set="system:${system}">${name}</button>`;

const hint = d => {
  const other = otherHost();
  return html`<p class="small soft">${d.user ? `In use now: the command works once ${holder(d)} lets go. ` : ''}${ui.system === 'linux' ? html`Before the first time: <code class="nowrap">sudo modprobe vhci-hcd</code>.` : 'With usbip-win2 0.9.7 or newer, in a terminal of an administrator.'}${other ? html` From another computer: ${other} in place of ${location.hostname}.` : ''}</p>`;
};

const attach = d => usable(d) && !d.hidden ? html`<section aria-labelledby="h-att"><div class="head"><h2 id="h-att">Attach</h2><div class="seg" role="tablist" aria-label="System">${tab('linux', 'Linux')}${tab('windows', 'Windows')}</div></div><div id="at" role="tabpanel" aria-labelledby="tb-${ui.system}" class="stack">${command(attachLine(d, ui.system), `${ui.system === 'linux' ? 'Linux' : 'Windows'} attach command`)}${hint(d)}</div></section>` : '';

const power = c => c && `${c.max_power_ma} mA ${c.self_powered ? 'at most, own supply' : 'from the bus'}`;

const identity = d => html`<section aria-labelledby="h-idn"><div class="head"><h2 id="h-idn">Identity</h2></div>${facts([
  ['USB id', d.id, 'mono'], ['Serial', d.serial, 'mono'], ['Class', d.class, 'mono'],
  ['Release', d.descriptors && `${d.descriptors.release}, USB ${d.descriptors.usb}`],
  ['Power', power(d.descriptors?.configurations.find(c => c.active) ?? d.descriptors?.configurations[0])],
  ['Labels', d.labels?.join(', ')], ['Alias', d.alias, 'mono'], ['Hidden', isHub(d) || !d.hidden ? '' : d.hidden_why], ['Simulated', d.simulated ? 'yes' : ''],
  ['Plugged in', `${span(lasted(d.plugged_s, d.at))} ago`]])}</section>`;

const totals = d => html`<section aria-labelledby="h-tot"><div class="head"><h2 id="h-tot">Since plugged in</h2></div>${facts([
  ['In, out', `${bytes(d.totals.bytes_in)}, ${bytes(d.totals.bytes_out)}`], ['URBs', count(d.totals.urbs_completed)],
  ['Failed', count(d.totals.urbs_failed)], ['Unlinked', count(d.totals.urbs_unlinked)],
  ['Refused', d.totals.urbs_refused ? count(d.totals.urbs_refused) : ''],
  ['Attached', plural(d.totals.imports, 'time')]])}</section>`;

const its = busid => state.events.filter(e => e.busid === busid && e.level !== 'debug').slice(-6).reverse();
const events = busid => html`<section aria-labelledby="h-dev-ev"><div class="head"><h2 id="h-dev-ev">Its events</h2><a class="small" href="/events?busid=${busid}">All</a></div>${miniEvents(its(busid), 'Nothing has happened yet.')}</section>`;

const both = busid => {
  const d = state.devices.get(busid) && { ...detail(busid), ...state.devices.get(busid) };
  if (!d) return html`<div id="p-both">${isGone(busid) ? events(busid) : ''}</div>`;
  return html`<div class="cols wide" id="p-both"><div>${isHub(d) ? behind(busid) : html`${throughput(d)}${endpoints(d)}`}${descriptors(d)}</div><div>${attach(d)}${identity(d)}${isHub(d) ? '' : totals(d)}${events(busid)}</div></div>`;
};

export const device = busid => ({
  title: () => state.devices.get(busid)?.name ?? busid,
  fetches: () => [fetches(`/api/v1/devices/${encodeURIComponent(busid)}`, 'every 1s'), fetches('/api/v1/history', 'every 60s'),
    fetches(`/api/v1/events?busid=${encodeURIComponent(busid)}&limit=20`), fetches('/api/v1/topology')],
  parts: [() => title(busid), () => picture(busid), () => both(busid)],
});
