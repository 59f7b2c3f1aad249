// SPDX-License-Identifier: Apache-2.0
// Lists of the access settings: who is allowed, and the rules per device. Rows that move, dialogs that
// let the box check an entry before it is taken.
import { boxName, clients, deviceName, html, icon, openDialog, paintNow, plural, say, shown, state } from 'dashboard';
import { changes, doc, send } from './settings_document.js';
import { contains } from './settings_address.js';
import { moved, patchOf } from './settings_draft.js';
import { fixedNote, held, section, wrong } from './settings_parts.js';

const lists = { allow: ['entry', 'Entry'], rules: ['rule', 'Rule'] };

const list = name => doc.now.access[name];
const at = name => `/access/${name}`;

const actions = (name, i) => {
  const [one] = lists[name], last = list(name).length - 1;
  const button = (what, mark, text, no) => html`<button type="button" class="plain" id="${name}-${what}-${i}" data-do="${what}:${name}:${i}" aria-label="${text}" ${held(at(name), no)}>${icon(mark)}</button>`;
  return html`<td role="cell" class="move">${button('up', 'aup', `Move ${one} ${i + 1} up`, i === 0)}${button('down', 'adown', `Move ${one} ${i + 1} down`, i === last)}${button('edit', 'pen', `Edit ${one} ${i + 1}`)}${button('remove', 'trash', `Remove ${one} ${i + 1}`)}</td>`;
};

const table = (name, heads, rows) => html`<table class="list ${name}" role="table" aria-labelledby="h-${name}"><thead role="rowgroup"><tr role="row">${heads.map(([title, kind]) => html`<th scope="col" role="columnheader" class="${kind ?? ''}">${title}</th>`)}<th scope="col" role="columnheader" class="move"><span class="sr">Order and actions</span></th></tr></thead><tbody role="rowgroup">${rows}</tbody></table>`;

const room = (name, used, limit) => `${used} of ${doc.answer.limits[limit]}`;

// --- allowed addresses ---------------------------------------------------------------------------

const inUse = block => {
  const n = clients().filter(([address]) => contains(block, address)).length;
  return n ? `${plural(n, 'client')} now` : 'nobody now';
};

const allowRow = (a, i) => html`<tr role="row" id="allow-${i}"><td role="cell" class="mono addr">${a.address}${wrong(`/access/allow/${i}`)}</td><td role="cell" class="addr note-of">${a.note ?? ''}</td><td role="cell" class="soft">${inUse(a.address)}</td>${actions('allow', i)}</tr>`;

export const allowed = () => section('allow', 'Allowed addresses', room('allow', list('allow').length, 'addresses'),
  html`${list('allow').length ? table('allow', [['Address or block'], ['Note'], ['In use']], list('allow').map(allowRow)) : html`<p class="soft stack">None. ${doc.now.access.mode === 'closed' ? 'Nobody can attach anything, unless a rule allows it.' : `In open mode the list gives addresses a name; it decides once ${boxName()} is closed.`}</p>`}<div class="foot"><button type="button" id="allow-add" data-do="add:allow" ${held(at('allow'))}>Add address…</button>${fixedNote(at('allow'))}</div>`);

// --- rules ---------------------------------------------------------------------------------------

export const selectors = { busid: 'bus id', alias: 'alias', serial: 'serial', label: 'label', id: 'USB id', class: 'class' };

const noteOf = address => doc.now.access.allow.find(a => a.address === address)?.note;
const who = addresses => addresses?.length ? addresses.map(a => noteOf(a) ? `${a} (${noteOf(a)})` : a).join(', ') : 'everybody';
const what = device => {
  const [by, value] = Object.entries(device)[0];
  return [by === 'busid' && state.devices.has(value) && deviceName(value) !== value ? `${value} (${deviceName(value)})` : value, selectors[by]];
};

const may = effect => effect === 'allow' ? html`${icon('check', 'good')} May attach` : html`${icon('hide', 'soft')} Does not exist`;

const ruleRow = (hit, r, i) => {
  const [device, by] = what(r.device);
  return html`<tr role="row" id="rule-${i}" class="${hit === i + 1 ? 'hit' : ''}"><td role="cell" class="n">${i + 1}</td><td role="cell" class="addr">${device} <span class="soft small">${by}</span>${wrong(`/access/rules/${i}`)}</td><td role="cell" class="who addr">${who(r.addresses)}</td><td role="cell" class="may">${may(r.effect)}</td>${actions('rules', i)}</tr>`;
};

const rest = hit => html`<tr role="row" id="rule-rest" class="${hit === null ? 'hit' : ''}"><td role="cell" class="n">${list('rules').length + 1}</td><td role="cell">everything else</td><td role="cell" class="who">${doc.now.access.mode === 'open' ? 'everybody' : 'everybody allowed above'}</td><td role="cell" class="may">${may('allow')}</td><td role="cell" class="move"><span class="soft small">always last</span></td></tr>`;

// hit: the rule that decided what was tried, null the last line; undefined: nothing was tried.
export const rules = hit => section('rules', 'Rules per device', `the first that matches decides; ${room('rules', list('rules').length, 'rules')}`,
  html`${table('rules', [['No.', 'n'], ['Devices'], ['Clients'], ['What they may']], [list('rules').map((r, i) => ruleRow(hit, r, i)), rest(hit)])}<div class="foot"><button type="button" id="rules-add" data-do="add:rules" ${held(at('rules'))}>Add rule…</button>${fixedNote(at('rules'))}</div>`);

// "hides scope (alias) from everybody"
export const ruleWords = n => {
  const r = list('rules')[n - 1], [device, by] = r ? what(r.device) : [];
  return r && (r.effect === 'hide' ? `hides ${by} ${device} from ${who(r.addresses)}` : `lets ${who(r.addresses)} attach ${by} ${device}`);
};

// --- dialogs -------------------------------------------------------------------------------------

const text = (name, label, value, hint, more = '') => html`<div class="field"><label for="d-${name}">${label} <small>${hint}</small></label><input type="text" id="d-${name}" name="${name}" value="${value}" autocomplete="off" spellcheck="false" ${more}></div>`;

const forms = {
  allow: (a = {}) => html`${text('address', 'Address or block', a.address ?? '', '10.0.0.7, 10.0.0.0/28 or fd00:12::/64', html`autofocus required`)}${text('note', 'Note', a.note ?? '', 'Whose is it? Shown wherever the address is', html`maxlength="100"`)}`,
  rules: (r = { device: { busid: '' }, effect: 'hide' }) => {
    const [by, value] = Object.entries(r.device)[0];
    const effect = (name, title, hint) => html`<label class="choice"><input type="radio" name="effect" value="${name}" ${r.effect === name ? html`checked` : ''}><span>${title}<small>${hint}</small></span></label>`;
    return html`<div class="pair"><div class="field"><label for="d-by">Devices by</label><select id="d-by" name="by" data-by>${Object.entries(selectors).map(([key, name]) => html`<option value="${key}" ${key === by ? html`selected` : ''}>${name}</option>`)}</select></div>${text('device', 'Which', value, '', html`autofocus required list="d-known"`)}</div>${known(by)}${text('addresses', 'Clients', (r.addresses ?? []).join(', '), 'addresses and blocks with commas between; empty: everybody')}<fieldset class="field"><legend class="sr">What they may</legend>${effect('allow', 'May attach', 'These clients see and attach it.')}${effect('hide', 'Does not exist', 'To these clients it looks as if it was not plugged in.')}</fieldset>`;
  },
};

// What the devices here have, to choose from.
const known = by => html`<datalist id="d-known">${[...new Set(shown().flatMap(d => by === 'label' ? d.labels : by === 'class' ? d.interfaces.map(i => i.class.slice(0, 2)) : d[by] ?? []))].map(value => html`<option value="${value}"></option>`)}</datalist>`;
export const offerKnown = select => { document.getElementById('d-known').outerHTML = known(select.value); };

const taken = {
  allow: f => ({ address: f.address.value.trim(), ...(f.note.value.trim() ? { note: f.note.value.trim() } : {}) }),
  rules: f => {
    const addresses = f.addresses.value.split(/[\s,]+/).filter(Boolean);
    return { device: { [f.by.value]: f.device.value.trim() }, ...(addresses.length ? { addresses } : {}), effect: f.effect.value };
  },
};

// The box checks the entry with what it has itself: whatever else is unsaved has nothing to do with it.
// Errors are told at their fields; others are told when all is saved.
const check = async (name, entry) => {
  const access = { ...doc.answer.settings.access, [name]: [entry] };
  const answer = await send(patchOf(doc.answer.settings, { ...doc.answer.settings, access }), true);
  if (answer.status !== 422) return null;
  const errors = (answer.body.errors ?? []).filter(e => e.pointer.startsWith(`${at(name)}/0/`)).map(e => ({ ...e, pointer: e.pointer.slice(at(name).length + 2) }));
  return errors.length ? { status: 422, body: { ...answer.body, errors } } : null;
};

const edit = (name, i, button) => {
  const [one] = lists[name], old = list(name)[i];
  const titles = { allow: 'Allow an address', rules: 'Add a rule' };
  openDialog({
    title: old ? `Edit ${one} ${i + 1}` : titles[name], body: forms[name](old), keep: 'Cancel', go: old ? 'Change' : 'Add', what: 'The entry was not taken',
    take: async form => {
      const entry = taken[name](form.elements), refusal = await check(name, entry);
      if (refusal) return refusal;
      doc.now.access[name] = old ? list(name).with(i, entry) : [...list(name), entry];
      return null;
    },
  }, button);
};

// --- what the buttons do -------------------------------------------------------------------------

const focusOn = (...ids) => ids.map(id => document.getElementById(id)).find(node => node && !node.disabled)?.focus();

const move = (name, i, to, what) => {
  doc.now.access[name] = moved(list(name), i, to);
  paintNow();
  focusOn(`${name}-${what}-${to}`, `${name}-${what === 'up' ? 'down' : 'up'}-${to}`);
  say(`${lists[name][1]} ${i + 1} is ${lists[name][0]} ${to + 1} now`);
};

export const does = {
  add: (name, _, button) => edit(name, -1, button),
  edit: (name, i, button) => edit(name, i, button),
  up: (name, i) => move(name, i, i - 1, 'up'),
  down: (name, i) => move(name, i, i + 1, 'down'),
  remove: (name, i) => {
    doc.now.access[name] = list(name).toSpliced(i, 1);
    paintNow();
    focusOn(`${name}-remove-${i}`, `${name}-remove-${i - 1}`, `${name}-add`);
    say(`${lists[name][1]} ${i + 1} is removed`);
  },
};

export const unsaved = name => changes().includes(at(name));
