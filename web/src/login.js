// SPDX-License-Identifier: Apache-2.0
// The first password, logging in and out. The box keeps who it is in a cookie; all that was read before is
// read again after.
import { html, icon } from './html.js';
import { call } from './call.js';
import { asks } from './actions_device.js';
import { state } from './state.js';
import { boxName, isPlain } from './parts.js';
import { who } from './who.js';

// Where a password is typed: who else can read it.
export const plainNote = () => {
  if (!isPlain()) return '';
  const { https, board } = state.status ?? {};
  const way = https ? html`It is safe at <a href="https://${location.hostname}:${https.port}/">https://${location.hostname}:${https.port}</a>.` : board ? 'This board has no HTTPS.' : html`The server has HTTPS with <code>--https-port</code>.`;
  return html`<p class="small plain-login">${icon('silent', 'warn')} This page came without HTTPS: whoever listens on the network can read the password. ${way}</p>`;
};

export const field = (name, label, type, more) => html`<div class="field"><label for="d-${name}">${label}</label><input type="${type}" id="d-${name}" name="${name}" required ${more}></div>`;
export const newPassword = (label, more = '') => field('password', label, 'password', html`autocomplete="new-password" minlength="8" maxlength="128" ${more}`);

// A refusal belongs to this field, if nothing else is said.
export const atField = (name, { status, body }) => ({ status, body: status && !body.errors ? { ...body, errors: [{ pointer: `/${name}`, detail: body.detail ?? body.title }] } : body });

const send = async (path, body) => {
  const answer = await call('POST', `/api/v1/${path}`, body);
  if (!answer.ok) return atField('password', answer);
  location.reload();
  return null;
};

const typedIn = form => Object.fromEntries(new FormData(form));

const why = need => !need ? '' : who.me?.user ? html`<p>${who.me.user} may ${who.me.role}. This needs a user who may ${need}.</p>` : html`<p>This needs a user who may ${need}.</p>`;

asks.login = need => ({
  title: `Log in to ${boxName()}`, keep: 'Cancel', go: 'Log in', what: 'Not logged in',
  body: html`${why(need)}${field('user', 'User', 'text', html`value="admin" autocomplete="username" autocapitalize="off" spellcheck="false"`)}${field('password', 'Password', 'password', html`autocomplete="current-password" autofocus`)}${plainNote()}`,
  take: form => send('login', typedIn(form)),
});

asks.logout = () => ({
  title: `Log out ${who.me.user}?`, keep: 'Stay', go: 'Log out', what: 'Not logged out',
  body: html`<p>Then this page shows what everybody may see.</p>`,
  take: () => send('logout'),
});

asks.setup = () => ({
  title: 'Set the first password', keep: 'Cancel', go: 'Set password', what: 'No password was set',
  body: html`<p>It is that of the user <strong>admin</strong>. From then on changes need a login, or a token.</p>${newPassword('Password, 8 characters or more', html`autofocus`)}${who.me?.setup === 'code' ? field('code', state.status?.board ? 'Code, from the console of the board' : 'Code, from the log of the server', 'text', html`autocomplete="off" spellcheck="false"`) : ''}${plainNote()}`,
  take: form => send('setup', typedIn(form)),
});
