// SPDX-License-Identifier: Apache-2.0
// All that the box keeps, as a file; and such a file again in the place of what it has, after what would
// change was shown.
import { atField, boxName, call, html, icon, needs, newPassword, paintNow, plainNote, plural, state, toast } from 'dashboard';
import { read } from './settings_document.js';
import { section, table } from './settings_parts.js';

const BACKUP = '/api/v1/backup', RESTORE = '/api/v1/restore';

// --- making one ----------------------------------------------------------------------------------

const day = () => (state.time ?? new Date().toISOString()).slice(0, 10);

const save = backup => {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob([`${JSON.stringify(backup, null, 2)}\n`], { type: 'application/json' }));
  a.download = `${boxName()}-${day()}.json`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
  toast('good', 'The backup is made', a.download);
  return null;
};

const download = async () => {
  const answer = await call('GET', BACKUP);
  if (answer.ok) save(answer.body);
  else toast('bad', answer.body.title ?? 'No backup was made', answer.body.detail ?? `${boxName()} does not answer.`);
};

// --- reading one ---------------------------------------------------------------------------------

// What was chosen, and what the box said of it.
const none = { name: '', backup: null, passphrase: '', answer: null, problem: null };
let chosen = none;

const wrong = (title, detail = '') => { chosen = { ...none, name: chosen.name, problem: { title, detail } }; };

const ask = dry => call('POST', `${RESTORE}${dry ? '?dry_run=1' : ''}`, { backup: chosen.backup, ...(chosen.passphrase ? { passphrase: chosen.passphrase } : {}) });

const compare = async () => {
  const of = chosen, answer = await ask(true);
  if (of !== chosen) return;
  Object.assign(chosen, { answer: answer.ok ? answer.body : null, problem: answer.ok ? null : { title: 'Nothing can be restored from it', detail: `${boxName()} does not answer.`, ...answer.body, status: answer.status } });
  paintNow();
  document.getElementById(answer.ok ? 'h-differences' : answer.status === 403 ? 'passphrase' : 'choose')?.focus();
};

export const fileChosen = async input => {
  const [file] = input.files;
  if (!file) return;
  chosen = { ...none, name: file.name };
  try { chosen.backup = JSON.parse(await file.text()); } catch { wrong('This is no backup', 'It is not JSON.'); }
  input.value = ''; // the same one can be chosen again
  if (chosen.backup && chosen.backup.format !== 'usbip-backup') wrong('This is no backup', 'Its format is another one.');
  else if (chosen.backup && !chosen.backup.secrets) await compare();
  paintNow();
  if (chosen.backup?.secrets) document.getElementById('passphrase').focus();
};

const forget = () => { chosen = none; paintNow(); document.getElementById('choose').focus(); };

const apply = async () => {
  const { name, answer: { differences, restart } } = chosen, answer = await ask(false);
  if (!answer.ok) { Object.assign(chosen, { answer: null, problem: { title: 'Nothing was restored', detail: `${boxName()} does not answer.`, ...answer.body, status: answer.status } }); paintNow(); return; }
  chosen = none;
  toast('good', `${name} is restored`, [differences.length && `${plural(differences.length, 'setting has', 'settings have')} changed.`, restart && 'Some of it holds after a restart.'].filter(Boolean).join(' '));
  await read();
  paintNow();
  document.getElementById('main').focus();
};

// --- what would change ---------------------------------------------------------------------------

const flat = v => Array.isArray(v) ? v.map(flat).join(', ') : v !== null && typeof v === 'object' ? Object.entries(v).map(([key, one]) => `${key}: ${flat(one)}`).join('; ') : String(v);
const value = v => {
  if (v === null) return html`<span class="soft">the default</span>`;
  if (v === '' || (Array.isArray(v) && !v.length)) return html`<span class="soft">none</span>`;
  return Array.isArray(v) ? html`<ul>${v.map(one => html`<li>${flat(one)}</li>`)}</ul>` : flat(v);
};

const dotted = pointer => pointer.slice(1).replaceAll('/', '.');

const row = d => html`<tr role="row"><td role="cell" class="mono addr full">${dotted(d.pointer)}</td><td role="cell" class="addr" data-l="Now"><del>${value(d.from)}</del></td><td role="cell" class="addr" data-l="After"><ins>${value(d.to)}</ins></td></tr>`;

// secrets: names of those that come, go or become others.
const changing = s => s ? s.users.length + s.tokens.length : 0;
const secretsNote = s => {
  if (!chosen.backup.secrets) return '';
  if (!changing(s)) return html`<div class="note">${icon('lock')}<div><strong>Users and tokens stay as they are</strong><p>${s ? 'Those of the file are the same.' : 'Those of the file need its passphrase.'}</p></div></div>`;
  return html`<div class="note warn" id="restored-users">${icon('silent')}<div><strong>Users and tokens become those of the file</strong><p>What changes: ${[['users', s.users], ['tokens', s.tokens]].filter(([, names]) => names.length).map(([what, names]) => `${what} ${names.join(', ')}`).join('; ')}. Their logins end.</p></div></div>`;
};
const ignoredNote = list => !list?.length ? '' : html`<div class="note">${icon('info')}<div><strong>${boxName()} does not have some of it</strong>${list.map(i => html`<p><span class="mono">${dotted(i.pointer)}</span>: ${i.detail}</p>`)}</div></div>`;

const differences = () => {
  const { differences: list, secrets, ignored, restart } = chosen.answer, n = list.length, others = changing(secrets);
  const go = n || others ? html`<button type="button" class="primary" id="apply" data-do="restoreNow" ${needs('admin')}>Restore${n ? ` ${plural(n, 'setting')}` : ''}${others ? `${n ? ', ' : ' '}users and tokens` : ''}</button>` : '';
  return html`<div class="head"><h3 id="h-differences" tabindex="-1">${chosen.name} would change ${n ? plural(n, 'setting') : others ? 'users and tokens' : 'nothing'}</h3></div>${n ? table('differences', ['Setting', 'Now', 'After'], list.map(row), '') : ''}<div class="stack">${secretsNote(secrets)}${ignoredNote(ignored)}${restart && go ? html`<div class="note">${icon('reset')}<div><strong>Some of it holds after a restart</strong></div></div>` : ''}<div class="actions"><button type="button" id="forget-file" data-do="forgetFile">${go ? 'Cancel' : 'Close'}</button>${go}</div></div>`;
};

const problem = () => {
  const { problem: p } = chosen;
  if (!p || p.status === 403) return '';
  return html`<div class="stack"><div class="note bad" role="alert">${icon('cannot')}<div><strong>${chosen.name}: ${p.title}</strong><p>${p.detail}</p>${(p.errors ?? []).map(e => html`<p><span class="mono">${dotted(e.pointer)}</span>: ${e.detail}</p>`)}</div></div></div>`;
};

const passphrase = () => {
  const bad = chosen.problem?.status === 403 ? chosen.problem : null;
  if (!chosen.backup?.secrets || chosen.answer) return '';
  return html`<form class="inline stack" data-form="compare"><div class="field"><label for="passphrase">Passphrase of ${chosen.name} <small>empty: without its users and tokens</small></label><input type="password" id="passphrase" name="passphrase" autocomplete="off" maxlength="128" ${bad ? html`aria-invalid="true" aria-describedby="e-passphrase"` : ''}>${bad ? html`<p class="small bad" id="e-passphrase">${icon('cannot')} ${bad.detail ?? bad.title}</p>` : ''}</div><button type="submit" id="compare">Compare</button></form>`;
};

const chosenFile = () => !chosen.name ? '' : html`${problem()}${passphrase()}${chosen.answer ? differences() : ''}`;

export const backup = () => section('backup', 'Backup and restore', '', html`<p class="stack soft">All settings in one file. Users and tokens are left out, unless a passphrase protects the file.</p><div class="row"><button type="button" id="download-backup" data-do="download" ${needs('admin')}>${icon('down')}Download backup</button><button type="button" id="with-secrets" data-ask="secrets" ${needs('admin')}>${icon('lock')}With users and tokens…</button><button type="button" id="choose" data-do="chooseFile" ${needs('admin')}>${icon('up')}Restore from file…</button><input type="file" id="file" data-file accept=".json,application/json" hidden aria-label="Backup"></div>${chosenFile()}`);

export const does = { download, chooseFile: () => document.getElementById('file').click(), forgetFile: forget, restoreNow: apply };

export const compareForm = form => { chosen = { ...chosen, passphrase: form.elements.passphrase.value, problem: null }; return compare(); };

export const asks = {
  secrets: () => ({
    title: 'Backup with users and tokens', keep: 'Cancel', go: 'Download', what: 'No backup was made',
    body: html`<p>Users and tokens are encrypted with the passphrase. Nobody can restore them without it.</p>${newPassword('Passphrase, 8 characters or more', html`autofocus`)}${plainNote()}`,
    take: async form => {
      const answer = await call('POST', BACKUP, { passphrase: form.elements.password.value });
      return answer.ok ? save(answer.body) : atField('password', answer.body.errors ? { ...answer, body: { detail: answer.body.errors[0].detail } } : answer);
    },
  }),
};
