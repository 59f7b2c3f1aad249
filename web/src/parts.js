// SPDX-License-Identifier: Apache-2.0
// What several pages show: who has a device, how to attach it, commands, events, empty places.
import { html, icon } from './html.js';
import { state, lasted } from './state.js';
import { ui } from './ui.js';
import { needs } from './who.js';
import { capital, deadline, plural, span, timeTag } from './words.js';

export const boxName = () => state.status?.name || 'this box';
export const deviceName = busid => state.devices.get(busid)?.name ?? busid;
export const devicePath = busid => `/devices/${encodeURIComponent(busid)}`;
export const deviceLink = busid => html`<a href="${devicePath(busid)}">${deviceName(busid)}</a>`;
export const usable = d => d.state !== 'refused' && d.state !== 'hub';
export const shown = () => [...state.devices.values()].filter(d => d.state !== 'hub');

// Below the name: what it is, without saying the name again.
export const product = d => {
  const whole = [d.manufacturer, d.product].filter(Boolean).join(' ');
  return d.alias ? whole || d.id : d.manufacturer || d.class_name || '';
};

// What another client that wants the device of a silent one gets.
export const nextClient = () => state.status?.takeover === 'never' ? 'nobody else gets it' : 'the next client gets it';

const silence = d => d.user?.silent_s ? lasted(d.user.silent_s, d.at) : 0;
export const isSilent = d => silence(d) >= 3;
export const silentFor = d => span(silence(d));
export const holder = d => d.user?.note ? `${d.user.address} (${d.user.note})` : d.user?.address;

export const leaseLeft = d => d.lease.left_s - (state.uptime - d.at);
// "until 18:00"; without a time of day: how much longer.
export const leaseEnd = d => d.lease.until ? `until ${deadline(d.lease.until)}` : `for another ${span(leaseLeft(d))}`;
const leaseWords = d => [`for ${d.lease.owner}`, d.lease.reason, leaseEnd(d)].filter(Boolean).join(', ');

// [kind for the colour, icon, first line, second line]
const stateOf = d => {
  if (d.state === 'refused') return ['cannot', 'cannot', 'Cannot be used', d.obstacle?.text];
  if (d.state === 'opening') return ['', 'wait', 'Attaching', `${d.user?.address ?? 'a client'} is being connected`];
  if (d.state === 'cleaning') return ['', 'wait', 'Being cleaned up', 'available again in a moment'];
  if (d.state === 'in_use' && isSilent(d)) {
    return ['silent', 'silent', `Client silent for ${silentFor(d)}`, `held by ${holder(d)}; ${nextClient()}`];
  }
  if (d.state === 'in_use') return ['use', 'use', 'In use', d.user && `by ${holder(d)} for ${span(lasted(d.user.since_s, d.at))}${d.lease ? `; reserved ${leaseWords(d)}` : ''}`];
  if (d.state === 'hub') return ['', 'hub', 'Hub', ''];
  if (d.hidden) return ['', 'hide', 'Hidden', d.hidden_why ?? 'clients do not see it'];
  if (d.lease) return ['lease', 'lease', 'Reserved', leaseWords(d)];
  return ['free', 'free', 'Available', ''];
};

export const stateWords = d => stateOf(d)[2].toLowerCase();
export const stateCell = (d, second = true) => {
  const [kind, mark, first, more] = stateOf(d);
  return html`<div class="state ${kind}">${icon(mark, mark === 'wait' ? 'spin' : '')}<span>${first}</span>${second && more ? html`<small>${more}</small>` : ''}</div>`;
};

// "2 plugged in, 1 in use": only what there is.
export const tally = () => {
  const all = shown();
  const some = (n, words) => n ? `, ${n} ${words}` : '';
  return `${all.length} plugged in` + some(all.filter(d => usable(d) && d.state === 'in_use').length, 'in use') +
    some(all.filter(d => d.lease).length, 'reserved') + some(all.filter(d => d.hidden).length, 'hidden') + some(all.filter(d => !usable(d)).length, 'cannot be used');
};

const host = () => location.hostname.replace(/^\[|\]$/g, '');
const isHere = () => /^(localhost|127\.|::1$)/.test(host());
// Others on the way can read what goes to and fro.
export const isPlain = () => location.protocol === 'http:' && !isHere();
// localhost in the address line means this computer only: then the box's own address is the hint.
export const otherHost = () => isHere() && state.status?.network.addresses.find(a => !/^(127\.|::1|fe80)/.test(a)) || null;

export const attachLine = (d, system = 'linux') => {
  const port = state.status?.usbip_port ?? 3240;
  return `${system === 'linux' ? 'sudo ' : ''}usbip ${port === 3240 ? '' : `--tcp-port ${port} `}attach -r ${host()} -b ${d.alias ?? d.busid}`;
};

export const command = (text, name) => {
  const done = ui.copied === text;
  return html`<div class="cmd"><code>${text}</code><button type="button" data-copy="${text}" aria-label="${done ? 'Copied' : 'Copy'} ${name}">${icon(done ? 'check' : 'copy')}${done ? 'Copied' : 'Copy'}</button></div>`;
};

const levels = { error: ['bad', 'cannot', 'Error'], warning: ['warn', 'silent', 'Warning'], info: ['soft', 'info', 'Info'], debug: ['soft', 'info', 'Debug'] };
export const levelOf = e => levels[e.level] ?? levels.info;

// What people call the device and the client of an event.
const called = e => {
  const names = [state.devices.get(e.busid)?.alias, e.note].filter(name => name && !e.text.includes(name));
  return names.length ? html` <span class="soft">${names.join(', ')}</span>` : '';
};

export const miniEvents = (list, none) => list.length ? html`<ol class="mini">${list.map(e => {
  const [kind, mark, word] = levelOf(e);
  return html`<li id="ev-${e.boot}-${e.number}">${timeTag(e)}${icon(mark, kind)}<span>${kind === 'soft' ? '' : html`<span class="sr">${word}: </span>`}${e.text}${called(e)}</span></li>`;
})}</ol>` : html`<p class="soft stack">${none}</p>`;

// Sessions by computer: what "a client" is to people.
export const clients = () => {
  const all = new Map();
  for (const s of state.sessions.filter(one => one.busid)) {
    all.set(s.address, [...(all.get(s.address) ?? []), s]);
  }
  return [...all];
};
export const sum = (list, pick) => list.reduce((n, one) => n + (pick(one) ?? 0), 0);
export const longest = sessions => Math.max(...sessions.map(s => lasted(s.since_s, s.at)));
export const clientCell = ([address, sessions]) => {
  const silent = Math.max(...sessions.map(s => s.silent_s ? lasted(s.silent_s, s.at) : 0));
  const second = silent >= 3 ? html`<span class="warn">${icon('silent')} silent for ${span(silent)}</span>` : sessions[0].note;
  return html`<td role="cell" class="two full addr"><span>${address}</span>${second ? html`<small>${second}</small>` : ''}</td>`;
};

// [name, value, class]; those without a value are left out.
export const facts = list => html`<dl class="facts">${list.filter(([, value]) => value !== '' && value != null).map(([name, value, kind]) => html`<div><dt>${name}</dt><dd class="${kind}">${value}</dd></div>`)}</dl>`;

// A place that waits for its first figures: nothing for 300 ms, then grey bars (style.css).
export const ghosts = name => html`<table aria-busy="true" role="table" aria-label="${name}, loading"><tbody role="rowgroup">${['w2', 'w3', 'w1'].map(w =>
  html`<tr role="row"><td role="cell"><span class="ghost ${w}"></span></td></tr>`)}</tbody></table>`;

// Fetches and fetches again: JSON, which app.js hands to state.js.
export const fetches = (url, when = '') => html`<i hidden id="get${url.replace(/\W/g, '-')}" hx-get="${url}" hx-swap="none" hx-trigger="load, again from:body${when && `, ${when}`}"></i>`;

// --- simulated devices that are not plugged in ---------------------------------------------------

const ports = function* (list) {
  for (const p of list ?? []) { yield p; yield* ports(p.ports); }
};
export const allPorts = () => (state.topology ?? []).flatMap(bus => [...ports(bus.ports)]);
// Of a device in it, or of a port in which nothing is, if its power can be switched there.
export const powerOf = port => {
  const power = state.devices.get(port)?.power ?? allPorts().find(p => p.path === port)?.power;
  return power?.switching === 'single' ? power : null;
};
export const darkPorts = () => allPorts().filter(p => p.power && !p.power.on);
export const powerButton = p => html`<button type="button" id="power-${p.path}" data-ask="power:${p.path}" ${needs('operate')}>${icon('power')}Switch port ${p.path} on…</button>`;
export const unpluggedPorts = () => allPorts().filter(p => p.unplugged && !state.devices.has(p.path));

// What would be plugged in: by its product, as there may be several of a kind.
export const unpluggedName = p => p.unplugged.product || `simulated ${p.unplugged.kind}`;

export const plugButton = p => html`<button type="button" id="plug-${p.path}" hx-post="/api/v1/devices/${encodeURIComponent(p.path)}/plug" hx-swap="none" data-what="${capital(unpluggedName(p))} could not be plugged in" data-expect="plugged:${p.path}" ${needs('operate')}>${icon('plug')}Plug in ${unpluggedName(p)}</button>`;
export const simulateButton = () => html`<button type="button" id="simulate" data-ask="simulate" ${needs('operate')}>${icon('plug')}Simulate a device…</button>`;

export const unpluggedNote = () => {
  const list = unpluggedPorts();
  return list.length ? html`<span>${plural(list.length, 'simulated device is', 'simulated devices are')} not plugged in</span>${list.map(plugButton)}` : '';
};
