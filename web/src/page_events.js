// SPDX-License-Identifier: Apache-2.0
// The event log: live, filtered here, newest first.
import { html, icon } from './html.js';
import { state } from './state.js';
import { ui } from './ui.js';
import { count, plural, timeTag } from './words.js';
import { boxName, deviceName, devicePath, fetches, ghosts, levelOf } from './parts.js';

const levels = [['info', 'Without debug'], ['warning', 'Warnings and errors'], ['error', 'Errors'], ['debug', 'All']];
const order = ['error', 'warning', 'info', 'debug'];

const clientOf = e => e.peer?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') ?? '';
const noteOf = client => all().findLast(e => clientOf(e) === client && e.note)?.note;
const text = e => `${e.text} ${e.busid ?? ''} ${e.busid ? deviceName(e.busid) : ''} ${e.peer ?? ''} ${e.note ?? ''} ${e.type}`.toLowerCase();

const all = () => ui.events.paused ?? state.events;

// Those that the filters let through, newest first.
export const filtered = () => {
  const f = ui.events, wanted = f.text.toLowerCase(), worst = order.indexOf(f.level);
  return all().filter(e => order.indexOf(e.level) <= worst && (!f.busid || e.busid === f.busid) &&
    (!f.client || clientOf(e) === f.client) && (!wanted || text(e).includes(wanted))).reverse();
};

const options = (list, chosen) => list.map(([value, name]) => html`<option value="${value}" ${value === chosen ? html`selected` : ''}>${name}</option>`);
const some = (pick, chosen) => [...new Set([...all().map(pick), chosen].filter(Boolean))].sort();

const title = () => {
  const f = ui.events, late = f.paused ? state.events.length - f.paused.length : 0;
  const zone = (id, name, on) => html`<button type="button" id="t-${id}" aria-pressed="${String(on)}" data-set="zone:${id}">${name}</button>`;
  return html`<div id="p-title"><div class="title"><h1>Events</h1><div class="actions"><div class="seg" role="group" aria-label="Times">${zone('local', 'Local', !f.utc)}${zone('utc', 'UTC', f.utc)}</div><button type="button" id="pause" data-set="pause:">${icon(f.paused ? 'play' : 'pause')}${f.paused ? late > 0 ? `Go on, ${late} new` : 'Go on' : 'Pause'}</button><button type="button" id="download" data-set="download:">${icon('down')}Download</button></div></div></div>`;
};

const filters = () => {
  const f = ui.events;
  const select = (id, name, list, chosen) => html`<div class="field"><label for="f-${id}">${name}</label><select id="f-${id}" data-filter="${id}">${options(list, chosen)}</select></div>`;
  const busids = some(e => e.busid, f.busid).map(b => [b, deviceName(b) === b ? b : `${deviceName(b)} (${b})`]);
  return html`<form class="filters" id="p-filters" role="search" aria-label="Filter"><div class="field"><label for="f-text">Search <small>press /</small></label><input id="f-text" type="search" data-filter="text" autocomplete="off" placeholder="Text, address, bus id" value="${f.text}"></div>${select('level', 'Level', levels, f.level)}${select('busid', 'Device', [['', 'All'], ...busids], f.busid)}${select('client', 'Client', [['', 'All'], ...some(clientOf, f.client).map(c => [c, [c, noteOf(c)].filter(Boolean).join(', ')])], f.client)}<button type="button" id="clear" class="plain" data-set="clear:">Clear</button></form>`;
};

const row = e => {
  const [kind, mark, word] = levelOf(e);
  const known = e.busid && state.devices.has(e.busid);
  return html`<tr role="row" id="e-${e.boot}-${e.number}"><td role="cell" class="t">${timeTag(e, ui.events.utc)}</td><td role="cell" class="lv ${kind}">${icon(mark)}${word}</td><td role="cell" class="w">${e.text}</td><td role="cell" class="d addr">${known ? html`<a href="${devicePath(e.busid)}">${deviceName(e.busid)}</a>` : e.busid ?? ''}</td><td role="cell" class="c addr two"><span>${clientOf(e)}</span>${e.note ? html`<small>${e.note}</small>` : ''}</td></tr>`;
};

const log = () => {
  if (!state.status) return html`<section id="p-log" aria-label="Events">${ghosts('Events')}</section>`;
  const list = filtered(), { shown } = ui.events;
  const none = state.events.length ? 'No event is like that. Clear the filter to see all.' : 'Nothing has happened yet.';
  return html`<section id="p-log" aria-labelledby="h-log"><div class="head"><h2 id="h-log">${plural(list.length, 'event')}</h2><span class="soft">newest first, ${count(all().length)} read${ui.events.paused ? ', paused' : ''}</span></div>${list.length ? html`<table class="log list" role="table" aria-label="Events"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader" class="t">Time</th><th scope="col" role="columnheader" class="lv">Level</th><th scope="col" role="columnheader" class="w">What</th><th scope="col" role="columnheader" class="d">Device</th><th scope="col" role="columnheader" class="c">Client</th></tr></thead><tbody role="rowgroup">${list.slice(0, shown).map(row)}</tbody></table>` : html`<p class="soft stack">${none}</p>`}${list.length > shown ? html`<div class="foot"><button type="button" id="older" data-set="older:">Show older</button></div>` : ''}</section>`;
};

// The shown ones as JSON lines, oldest first, as GET /api/v1/events has them with Accept: application/x-ndjson.
export const download = () => {
  const lines = filtered().reverse().map(e => `${JSON.stringify(e)}\n`);
  const a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob(lines, { type: 'application/x-ndjson' }));
  a.download = `${boxName()}-events.jsonl`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
};

export const events = {
  title: () => 'events',
  fetches: () => [fetches('/api/v1/events?limit=1000')],
  enter: query => {
    const q = new URLSearchParams(query);
    Object.assign(ui.events, { text: '', level: q.get('level') ?? 'info', busid: q.get('busid') ?? '', client: q.get('client') ?? '', shown: 200, paused: null });
  },
  parts: [title, filters, log],
};
