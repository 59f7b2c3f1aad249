// SPDX-License-Identifier: Apache-2.0
// Who can log in, and as what; one's own password; what everybody may see without a login.
import { atField, call, field, html, icon, may, needs, newPassword, paintNow, plainNote, toast, who } from 'dashboard';
import { doc } from './settings_document.js';
import { choices, section, table } from './settings_parts.js';
import { mayWords, roleCell, roleChoice } from './settings_roles.js';
import { readTokens, tokens, tokensOf } from './settings_tokens.js';

const URL = '/api/v1/users';
const url = name => `${URL}/${encodeURIComponent(name)}`;

const accounts = { users: null };

export const readAccounts = async () => {
  if (!may('admin')) { accounts.users = null; return; }
  const [users] = await Promise.all([call('GET', URL), readTokens()]);
  if (users.ok) accounts.users = users.body.users;
};

// --- users ---------------------------------------------------------------------------------------

const LAST = 'The last admin stays. Make somebody else an admin first.';
const isLast = u => u.role === 'admin' && accounts.users.filter(one => one.role === 'admin').length === 1;

const button = (kind, name, text, more = '') => html`<button type="button" class="plain" id="do-${kind}-${name}" data-ask="${kind}:${name}" ${more}>${text}<span class="sr"> ${name}</span></button>`;

const row = u => html`<tr role="row" id="user-${u.name}"><td role="cell" class="addr full"><strong>${u.name}</strong>${u.name === who.me.user ? html` <span class="soft small">you</span>` : ''}</td>${roleCell(u.role)}<td role="cell" class="num full">${button('user', u.name, 'Edit…')}${button('userGone', u.name, 'Remove…', isLast(u) ? html`disabled title="${LAST}" aria-describedby="last-admin"` : '')}</td></tr>`;

const list = () => {
  if (!accounts.users) return html`<p class="soft stack">${may('admin') ? '' : 'Admins see here who can log in.'}</p>`;
  if (!accounts.users.length) return html`<p class="soft stack">Nobody can log in. The first password is that of the user <strong>admin</strong>.</p>`;
  const last = accounts.users.some(isLast) ? html`<span id="last-admin">${icon('lock')} ${LAST}</span>` : '';
  return html`${table('users', ['User', 'May'], accounts.users.map(row))}${last ? html`<div class="foot">${last}</div>` : ''}`;
};

const own = () => !who.me.user ? '' : html`<button type="button" id="own-password" data-ask="password">${icon('lock')}Change your password…</button>`;
const add = () => who.me.claimed ? html`<button type="button" id="user-add" data-ask="userAdd" ${needs('admin')}>Add user…</button>` : html`<button type="button" id="set-first" data-ask="setup">Set the first password…</button>`;

const users = () => section('users', 'Users', who.me.user ? `you are ${who.me.user}, and may ${mayWords(who.me.role)}` : '', html`${list()}<div class="row">${add()}${own()}</div>`);

// --- without a login -----------------------------------------------------------------------------

const anonymous = () => doc.now.anonymous === undefined ? '' : section('anonymous', 'Without a login', '', choices('/anonymous', 'Without a login', [
  ['auto', 'As access is set', 'In open mode everybody may look. In closed mode, or as soon as a rule hides something, nobody: this page must not tell what the list hides.'],
  ['view', 'Everybody may look', 'Devices, clients and events are seen, nothing can be changed.'],
  ['none', 'Nobody sees anything', 'Programs need a token too, for /metrics as well.']]));

export const usersPage = {
  name: 'Users and tokens', has: () => who.me, about: /^(claimed|user_changed|token_)/, enter: readAccounts,
  sections: () => who.me ? html`${users()}${who.me.claimed ? tokens() : ''}${anonymous()}` : '',
};

// --- dialogs -------------------------------------------------------------------------------------

const readAndSay = async (title, text = '') => {
  await readAccounts();
  paintNow();
  toast('good', title, text);
  return null;
};

const endsWith = name => {
  const theirs = tokensOf(name);
  return theirs.length ? `The tokens that ${name} has made end, too: ${theirs.join(', ')}.` : 'Tokens stay.';
};

const known = name => accounts.users?.find(u => u.name === name);

const edit = async (u, form) => {
  const { role, password } = form.elements, change = { ...(role.value === u.role ? {} : { role: role.value }), ...(password.value ? { password: password.value } : {}) };
  if (!Object.keys(change).length) return null;
  const answer = await call('PUT', url(u.name), change);
  if (!answer.ok) return answer;
  if (u.name === who.me.user) { location.reload(); return null; } // whose login it was ends with it
  return readAndSay(`${u.name} may ${mayWords(role.value)}`, `${password.value ? 'The password is another one. ' : ''}Logins of ${u.name} have ended.`);
};

export const asks = {
  userAdd: () => ({
    title: 'Add a user', keep: 'Cancel', go: 'Add', what: 'The user was not added',
    body: html`${field('name', 'Name', 'text', html`autofocus maxlength="31" autocomplete="off" autocapitalize="off" spellcheck="false"`)}${newPassword('Password, 8 characters or more')}${roleChoice('operate')}${plainNote()}`,
    take: async form => {
      const { name, password, role } = form.elements, answer = await call('POST', URL, { name: name.value, password: password.value, role: role.value });
      if (!answer.ok) return answer.status === 409 ? atField('name', answer) : answer;
      return readAndSay(`${name.value} can log in`, `${name.value} may ${mayWords(role.value)}.`);
    },
  }),
  user: name => {
    const u = known(name);
    return u && {
      title: `Edit ${name}`, keep: 'Cancel', go: 'Save', what: `${name} was not changed`,
      body: html`${roleChoice(u.role, isLast(u) ? LAST : '')}<div class="field"><label for="d-password">New password <small>empty: the one that it has</small></label><input type="password" id="d-password" name="password" autocomplete="new-password" minlength="8" maxlength="128" autofocus></div><p class="small soft">Wherever ${name} is logged in, that ends.${tokensOf(name).length ? ` So do tokens of ${name} that may more than ${name} does then.` : ''}</p>${plainNote()}`,
      take: form => edit(u, form),
    };
  },
  userGone: name => known(name) && {
    title: `Remove ${name}?`, keep: 'Keep', go: 'Remove', danger: true, what: `${name} was not removed`,
    body: html`<p>${name} cannot log in any more, and is logged out wherever that is so now. ${endsWith(name)}</p>`,
    take: async () => {
      const answer = await call('DELETE', url(name));
      if (!answer.ok) return answer;
      if (name === who.me.user) { location.reload(); return null; }
      return readAndSay(`${name} is removed`);
    },
  },
  password: () => ({
    title: 'Change your password', keep: 'Cancel', go: 'Change', what: 'The password was not changed',
    body: html`${field('old', 'The password until now', 'password', html`autocomplete="current-password" autofocus`)}${newPassword('New password, 8 characters or more')}${plainNote()}`,
    take: async form => {
      const { old, password } = form.elements, answer = await call('PUT', '/api/v1/me/password', { old: old.value, password: password.value });
      if (!answer.ok) return atField('old', answer);
      toast('good', 'Your password is changed', 'All your other logins have ended.');
      return null;
    },
  }),
};
