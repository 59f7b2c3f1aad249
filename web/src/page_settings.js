// SPDX-License-Identifier: Apache-2.0
// The settings as the box has them, to read.
import { html, icon } from './html.js';
import { state } from './state.js';
import { capital } from './words.js';
import { boxName, fetches, ghosts } from './parts.js';

const name = key => capital(key.replace(/_/g, ' '));
const plain = v => v === null || v === '' ? html`<span class="soft">not set</span>` : v === true ? 'yes' : v === false ? 'no' : String(v);
const isGroup = v => v !== null && typeof v === 'object' && !Array.isArray(v);

const value = v => {
  if (!Array.isArray(v)) return plain(v);
  if (!v.length) return html`<span class="soft">none</span>`;
  return v.map((one, i) => html`${i ? html`<br>` : ''}${isGroup(one) ? Object.entries(one).map(([k, x]) => `${name(k)}: ${typeof x === 'object' ? JSON.stringify(x) : x}`).join(', ') : plain(one)}`);
};

// Groups within groups become one list: "dhcp", "dns server".
const flat = (group, before = '') => Object.entries(group).flatMap(([key, v]) => isGroup(v) ? flat(v, `${before}${key} `) : [[before + key, v]]);

const section = ([key, group]) => html`<section aria-labelledby="s-${key}"><div class="head"><h2 id="s-${key}">${name(key)}</h2></div><dl class="facts">${flat(group).map(([k, v]) => html`<div><dt>${name(k)}</dt><dd class="addr">${value(v)}</dd></div>`)}</dl></section>`;

const body = () => {
  const settings = state.settings && state.settings.settings;
  if (settings === undefined) return html`<div id="p-settings">${ghosts('Settings')}</div>`;
  if (settings === null) return html`<div id="p-settings"><div class="note">${icon('info')}<div><strong>This version does not show its settings</strong></div></div></div>`;
  const groups = Object.entries(settings).filter(([, v]) => isGroup(v)), rest = Object.fromEntries(Object.entries(settings).filter(([, v]) => !isGroup(v)));
  return html`<div id="p-settings" class="narrow">${[...groups, ...(Object.keys(rest).length ? [['document', rest]] : [])].map(section)}</div>`;
};

export const settings = {
  title: () => 'settings',
  fetches: () => [fetches('/api/v1/settings')],
  parts: [() => html`<div id="p-title"><div class="title"><h1>Settings</h1></div><p class="lead">What ${boxName()} goes by. They are changed in its settings file, or with its command line.</p></div>`, body],
};
