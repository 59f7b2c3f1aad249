// SPDX-License-Identifier: Apache-2.0
// The computers that have devices.
import { html } from './html.js';
import { state } from './state.js';
import { needs } from './who.js';
import { bytes, plural, rateCell, span } from './words.js';
import { boxName, clientCell, clients as all, deviceLink, ghosts, longest, sum } from './parts.js';

const heads = [['Client', ''], ['Devices', ''], ['Connected for', ''], ['In', 'num'], ['Out', 'num'], ['In, in all', 'num'], ['Out, in all', 'num']];

const number = (name, value) => html`<td role="cell" class="num" data-l="${name}">${value}</td>`;

const nameOf = s => s.device_name ?? s.busid;

const row = client => {
  const [address, sessions] = client;
  return html`<tr role="row" id="client-${address}">${clientCell(client)}<td role="cell" class="full addr">${sessions.map((s, i) => html`${i ? html`<br>` : ''}${deviceLink(s.busid)}`)}</td><td role="cell" class="full" data-l="Connected for">${span(longest(sessions))}</td>${number('In', rateCell(sum(sessions, s => s.rates.in_bytes_per_s)))}${number('Out', rateCell(sum(sessions, s => s.rates.out_bytes_per_s)))}${number('In, in all', bytes(sum(sessions, s => s.totals.bytes_in)))}${number('Out, in all', bytes(sum(sessions, s => s.totals.bytes_out)))}<td role="cell" class="num full"><div class="ends">${sessions.map(s => html`<button type="button" id="end-${s.id}" data-ask="session:${s.id}" ${needs('operate')} aria-label="${sessions.length > 1 ? `Disconnect from ${nameOf(s)}… (${address})` : `Disconnect… ${address} from ${nameOf(s)}`}">Disconnect${sessions.length > 1 ? ` from ${nameOf(s)}` : ''}…</button>`)}</div></td></tr>`;
};

const table = () => {
  const list = all(), devices = sum(list, c => c[1].length);
  if (!state.status) return html`<section id="p-clients" aria-label="Clients">${ghosts('Clients')}</section>`;
  return html`<section id="p-clients" aria-labelledby="h-c"><div class="head"><h2 id="h-c">${list.length ? `${plural(list.length, 'client')}, ${plural(devices, 'device')}` : 'Nobody is connected'}</h2></div>${list.length ? html`<table class="list" role="table" aria-label="Clients"><thead role="rowgroup"><tr role="row">${heads.map(([name, kind]) => html`<th scope="col" role="columnheader" class="${kind}">${name}</th>`)}<th scope="col" role="columnheader"><span class="sr">Action</span></th></tr></thead><tbody role="rowgroup">${list.map(row)}</tbody></table>` : html`<p class="soft stack">A device page has the command that attaches it, for Linux and Windows.</p>`}</section>`;
};

export const clients = {
  title: () => 'clients',
  fetches: () => [],
  parts: [() => html`<div id="p-title"><div class="title"><h1>Clients</h1></div><p class="lead">Computers that have a device of ${boxName()} attached now.</p></div>`, table],
};
