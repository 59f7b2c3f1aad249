// SPDX-License-Identifier: Apache-2.0
// The settings as the box has them, to read.
import { html, icon } from './html.js';
import { state } from './state.js';
import { bytes, capital, count, span } from './words.js';
import { boxName, deviceName, fetches, ghosts } from './parts.js';

const names = {
  limits: 'Limits', max_connections: 'Connections at most', max_devices: 'Devices at most', max_urbs: 'URBs in flight, of a device',
  session_budget_kib: 'Their data, of a device', total_budget_kib: 'Their data, in all', silent_s: 'A silent client keeps its device for', max_urb_kib: 'Longest URB',
  access: 'Who may connect', mode: 'Mode', allow: 'Allowed addresses', rules: 'Rules, the first that fits decides',
  document: 'This server', host_name: 'Name', takeover: 'A device whose client is silent', devices: 'Devices with settings of their own', version: 'Version of the settings',
};
const words = {
  mode: { open: 'open: all that no rule refuses', closed: 'closed: only those that the list or a rule lets in' },
  takeover: { probe: 'goes to the next one who wants it', never: 'stays with it' },
};

const name = key => names[key] ?? capital(key.replace(/_/g, ' '));
const isGroup = v => v !== null && typeof v === 'object' && !Array.isArray(v);

// The unit is the end of the key.
const plain = (v, key = '') => {
  if (v === null || v === '') return html`<span class="soft">not set</span>`;
  if (typeof v === 'boolean') return v ? 'yes' : 'no';
  if (typeof v !== 'number') return words[key]?.[v] ?? String(v);
  return key.endsWith('_kib') ? bytes(v * 1024) : key.endsWith('_s') ? span(v).replace(/ 0\D+$/, '') : count(v);
};

const one = v => !isGroup(v) ? plain(v) : Object.entries(v).filter(([, x]) => x !== null && x !== '' && x.length !== 0)
  .map(([k, x]) => `${k.replace(/_/g, ' ')} ${Array.isArray(x) ? x.map(y => isGroup(y) ? JSON.stringify(y) : y).join(', ') : isGroup(x) ? JSON.stringify(x) : k === 'busid' ? `${x} (${deviceName(x)})` : x}`).join('; ');

const value = (v, key) => {
  if (!Array.isArray(v)) return plain(v, key);
  return v.length ? v.map((each, i) => html`${i ? html`<br>` : ''}${one(each)}`) : html`<span class="soft">none</span>`;
};

// Groups within groups become one list: "dhcp", "dns server".
const flat = (group, before = '') => Object.entries(group).flatMap(([key, v]) => isGroup(v) ? flat(v, `${before}${key} `) : [[before + key, v]]);

const section = ([key, group]) => html`<section aria-labelledby="s-${key}"><div class="head"><h2 id="s-${key}">${name(key)}</h2></div><dl class="facts">${flat(group).map(([k, v]) => html`<div><dt>${name(k)}</dt><dd class="addr">${value(v, k)}</dd></div>`)}</dl></section>`;

const body = () => {
  const settings = state.settings && state.settings.settings;
  if (settings === undefined) return html`<div id="p-settings">${ghosts('Settings')}</div>`;
  if (settings === null) return html`<div id="p-settings"><div class="note">${icon('info')}<div><strong>This version does not show its settings</strong></div></div></div>`;
  const { version, ...rest } = Object.fromEntries(Object.entries(settings).filter(([, v]) => !isGroup(v)));
  const groups = Object.entries(settings).filter(([, v]) => isGroup(v));
  return html`<div id="p-settings" class="narrow">${[['document', { ...rest, version }], ...groups.reverse()].map(section)}</div>`;
};

export const settings = {
  title: () => 'settings',
  fetches: () => [fetches('/api/v1/settings')],
  parts: [() => html`<div id="p-title"><div class="title"><h1>Settings</h1></div><p class="lead">What ${boxName()} runs with now. <code>PATCH /api/v1/settings</code> changes it${state.status?.kept === false ? html`, until the server ends: it was started without <code>--state-dir</code>` : ''}.</p></div>`, body],
};
