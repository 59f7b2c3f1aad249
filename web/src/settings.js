// SPDX-License-Identifier: Apache-2.0
// The settings pages: what they have in common, the bar that saves, and what keys and pointer do there.
// A script of its own, which comes when it is needed (late.js).
import { askLogin, asks, boxName, capital, deviceName, ghosts, html, icon, lacks, may, openDialog, paintNow, plural, state, toast, who } from 'dashboard';
import { changes, discard, doc, follow, patch, read, saved, send } from './settings_document.js';
import { count, put } from './settings_draft.js';
import { access, tryIt } from './settings_access.js';
import { asks as backupAsks, compareForm, does as backupDoes, fileChosen } from './settings_backup.js';
import { asks as certificateAsks } from './settings_certificate.js';
import { asks as nameAsks, devices } from './settings_names.js';
import { does as listDoes, offerKnown } from './settings_rules.js';
import { network, system } from './settings_scalars.js';
import { asks as restartAsks, isBack } from './settings_restart.js';
import { asks as tokenAsks, does as tokenDoes } from './settings_tokens.js';
import { asks as userAsks, usersPage } from './settings_users.js';
import { told, typed } from './settings_parts.js';

const TRY_MS = 400; // after the last change: whom would it end?

const places = { access, devices, users: usersPage, network, system };
const names = { '/access/mode': 'Mode', '/access/allow': 'Allowed addresses', '/access/rules': 'Rules', '/export': 'What is exported', '/takeover': 'Silent clients', '/devices': 'Devices', '/host_name': 'Name', '/anonymous': 'Without a login' };
const nameOf = pointer => names[pointer] ?? names[pointer.split('/').slice(0, 3).join('/')] ?? capital(pointer.split('/').at(-1).replace(/_/g, ' '));

// --- saving --------------------------------------------------------------------------------------

const whom = e => `${e.address}${e.note ? ` (${e.note})` : ''} on ${deviceName(e.busid)}`;

let saving = false, timer = 0;

const refused = answer => {
  if (answer.status === 412) doc.newer = true;
  else if (answer.status === 401) askLogin();
  else if (answer.status === 422 && answer.body.errors) doc.errors = new Map(answer.body.errors.map(e => [e.pointer, e.detail]));
  else toast('bad', answer.status ? capital(answer.body.title ?? 'Not saved') : 'The settings are not saved', answer.status ? capital(answer.body.detail ?? `The answer was ${answer.status}.`) : `${boxName()} does not answer.`);
  paintNow();
  document.querySelector('main [aria-invalid=true]:not([data-typed])')?.focus();
};

const commit = async (body, ends) => {
  const answer = await send(body, false);
  if (!answer.ok) return answer;
  saved(answer);
  toast('good', 'Settings saved', ends.length ? ends.map(e => `${whom(e)}: ${e.why.toLowerCase()}`).join(' ') : 'They hold from now on.');
  paintNow();
  document.getElementById('main').focus();
  return null;
};

const ask = (body, ends, button) => openDialog({
  title: `End ${plural(ends.length, 'session')} by saving?`, keep: 'Do not save', go: `Save and end ${plural(ends.length, 'session')}`, danger: true, what: 'The settings are not saved',
  body: html`<p>To ${ends.length === 1 ? 'that computer' : 'those computers'} it looks as if somebody pulled the cable:</p><ul>${ends.map(e => html`<li>${whom(e)}. ${e.why}</li>`)}</ul>`,
  take: async () => {
    const answer = await commit(body, ends);
    if (answer) refused(answer);
    return null;
  },
}, button);

const save = async button => {
  if (saving) return;
  saving = true;
  paintNow();
  const body = patch(), tried = await send(body, true);
  doc.errors.clear();
  const ends = tried.ok ? tried.body.ends : [];
  const answer = !tried.ok ? tried : ends.length ? null : await commit(body, []);
  saving = false;
  if (answer) refused(answer);
  paintNow();
  if (ends.length) ask(body, ends, button);
};

// While changes are made: whom would saving end? What is wrong is told when somebody saves.
const tryLater = () => {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const answer = changes().length && !doc.newer ? await send(patch(), true) : null;
    doc.ends = answer?.ok ? answer.body.ends : [];
    if (answer?.status === 412) doc.newer = true;
    paintNow();
  }, TRY_MS);
};

const newerNote = () => doc.newer ? html`<div class="note warn">${icon('silent')}<div><strong>Somebody else has changed the settings</strong><p>Read them again to go on. What you changed here stays.</p></div><div class="actions"><button type="button" id="again" data-do="again">Read again</button></div></div>` : '';
const bothNote = () => doc.both.length ? html`<div class="note warn">${icon('silent')}<div><strong>Others have changed the same: ${doc.both.map(nameOf).join(', ')}</strong><p>Yours is shown. Saving puts it in the place of theirs; “Discard” shows theirs.</p></div></div>` : '';

// Errors whose field is on another page, or has none.
const elsewhere = () => [...doc.errors].filter(([pointer]) => !told.has(pointer));

const bar = () => {
  const n = doc.answer && count(doc.answer.settings, doc.now);
  if (!n) return html`<div id="save"></div>`;
  const ends = doc.ends.length ? html`<span class="warn">${icon('silent')} Saving ends ${plural(doc.ends.length, 'session')}: ${doc.ends.map(whom).join(', ')}.</span>` : '';
  const errors = elsewhere().map(([pointer, detail]) => html`<span class="bad">${icon('cannot')} ${pointer ? `${nameOf(pointer)}: ` : ''}${detail} </span>`);
  return html`<div id="save" class="save" role="region" aria-label="Unsaved changes"><p><strong>${plural(n, 'change is', 'changes are')} not saved.</strong> ${ends}${errors}</p><button type="button" id="discard" data-do="discard">Discard</button><button type="button" id="save-now" class="primary" data-do="save" ${saving ? html`aria-busy="true"` : ''}>${saving ? 'Saving' : 'Save changes'}</button></div>`;
};

// --- the pages -----------------------------------------------------------------------------------

let here = access;

const side = name => html`<nav class="side" aria-label="Settings">${Object.entries(places).filter(([, p]) => p.has(doc.answer.settings)).map(([key, p]) => html`<a href="/settings/${key}" ${key === name ? html`aria-current="page"` : ''}>${p.name}</a>`)}</nav>`;

const notes = () => {
  const { changeable, kept } = doc.answer;
  if (!may('admin')) return html`<div class="note">${icon('lock')}<div><strong>${lacks('admin')} to change settings</strong><p>Others see what ${boxName()} runs with.</p></div><div class="actions"><button type="button" id="log-in" data-need="admin">${who.me.claimed ? 'Log in' : 'Set a password…'}</button></div></div>`;
  if (!changeable) return html`<div class="note">${icon('lock')}<div><strong>These settings cannot be changed here</strong><p>${boxName()} shows what it runs with.</p></div></div>`;
  return kept ? '' : html`<div class="note">${icon('info')}<div><strong>Changes hold until the server ends</strong><p>It was started without <code>--state-dir</code>, so it keeps nothing.</p></div></div>`;
};

const body = name => {
  if (doc.missing) return html`<div id="p-settings"><div class="note">${icon('info')}<div><strong>This version has no settings</strong></div></div></div>`;
  if (!doc.answer) return html`<div id="p-settings">${ghosts('Settings')}</div>`;
  told.clear();
  return html`<div id="p-settings" class="panes">${side(name)}<div><div class="notes">${notes()}${newerNote()}${bothNote()}</div>${here.sections()}${bar()}</div></div>`;
};

export const page = (wanted = 'access') => {
  const name = places[wanted] ? wanted : 'access';
  return {
    title: () => `settings, ${name}`, fetches: () => [],
    enter: () => {
      here = places[name];
      here.enter?.().then(paintNow);
      if (!changes().length) read().then(paintNow);
    },
    parts: [() => html`<div id="p-title"><div class="title"><h1>Settings</h1></div></div>`, () => body(name)],
  };
};

// --- pointer and keys ----------------------------------------------------------------------------

const does = {
  ...listDoes, ...tokenDoes, ...backupDoes, save: (a, b, button) => save(button),
  discard: () => { discard(); paintNow(); document.getElementById('main').focus(); },
  again: async () => {
    const answer = await read();
    if (!answer.ok) refused(answer);
    tryLater();
    paintNow();
    document.getElementById('save-now')?.focus();
  },
};

const clicked = e => {
  const button = e.target.closest('[data-do]');
  if (!button) return;
  const [what, name, i] = button.dataset.do.split(':');
  does[what](name, Number(i), button);
  if (listDoes[what]) { doc.errors.clear(); tryLater(); }
};

const forms = { try: tryIt, compare: compareForm };

document.addEventListener('change', e => { if (e.target.dataset.file !== undefined) fileChosen(e.target); });

const valueOf = input => {
  const text = input.value.trim();
  if (input.dataset.number === undefined) return input.value;
  return text === '' ? null : /^\d+$/.test(text) ? Number(text) : text;
};

const edited = e => {
  const { edit, typed: isTyped, by } = e.target.dataset;
  if (by !== undefined) offerKnown(e.target);
  if (isTyped !== undefined) typed[e.target.name] = e.target.value;
  if (edit) {
    put(doc.now, edit, valueOf(e.target));
    doc.errors.delete(edit);
    tryLater();
  }
  if (edit || isTyped !== undefined) paintNow();
};

Object.assign(asks, nameAsks, tokenAsks, userAsks, backupAsks, certificateAsks, restartAsks);
document.addEventListener('click', clicked);
document.addEventListener('input', edited);
document.addEventListener('submit', e => {
  const form = forms[e.target.dataset.form];
  if (!form) return;
  e.preventDefault();
  form(e.target);
});
document.getElementById('dialog').addEventListener('close', tryLater); // an entry may have come

// With each message of the box: has somebody changed what this page shows?
let seen = '';
const refresh = () => {
  const e = state.events.findLast(one => here.about?.test(one.type)), last = e ? `${e.boot}:${e.number}` : '';
  if (last && last !== seen) here.enter().then(paintNow);
  seen = last;
};
document.body.addEventListener('htmx:wsAfterMessage', () => {
  isBack();
  refresh();
  if (doc.answer) follow().then(yes => yes && paintNow());
});
addEventListener('beforeunload', e => { if (changes().length) e.preventDefault(); });
