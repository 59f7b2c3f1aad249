// SPDX-License-Identifier: Apache-2.0
// Who looks at this page: the first password, logging in and out. The box keeps it in a cookie; all that was
// read before is read again after.
import { html } from './html.js';
import { call } from './call.js';
import { asks } from './actions_device.js';
import { boxName } from './parts.js';

// Of GET /api/v1/me; null: not known yet, or the box knows no users.
export const who = { me: null };

export const readMe = async () => {
  const answer = await call('GET', '/api/v1/me');
  who.me = answer.ok ? answer.body : null;
};

// What the button in the bar says and asks; nothing as long as there is no password.
export const whoButton = () => {
  if (!who.me?.claimed) return null;
  return who.me.user ? { text: `Log out ${who.me.user}`, ask: 'logout' } : { text: 'Log in', ask: 'login' };
};

const field = (name, label, type, more) => html`<div class="field"><label for="d-${name}">${label}</label><input type="${type}" id="d-${name}" name="${name}" required ${more}></div>`;

// A refusal belongs to the password, if nothing else is said.
const atPassword = ({ status, body }) => ({ status, body: status && !body.errors ? { ...body, errors: [{ pointer: '/password', detail: body.detail ?? body.title }] } : body });

const send = async (path, body) => {
  const answer = await call('POST', `/api/v1/${path}`, body);
  if (!answer.ok) return atPassword(answer);
  location.reload();
  return null;
};

const typedIn = form => Object.fromEntries(new FormData(form));

asks.login = () => ({
  title: `Log in to ${boxName()}`, keep: 'Cancel', go: 'Log in', what: 'Not logged in',
  body: html`${field('user', 'User', 'text', html`value="admin" autocomplete="username" autocapitalize="off" spellcheck="false"`)}${field('password', 'Password', 'password', html`autocomplete="current-password" autofocus`)}`,
  take: form => send('login', typedIn(form)),
});

asks.logout = () => ({
  title: `Log out ${who.me.user}?`, keep: 'Stay', go: 'Log out', what: 'Not logged out',
  body: html`<p>Then this page shows what everybody may see.</p>`,
  take: () => send('logout'),
});

asks.setup = () => ({
  title: 'Set the first password', keep: 'Cancel', go: 'Set password', what: 'No password was set',
  body: html`<p>It is that of the user <strong>admin</strong>. From then on changes need a login, or a token.</p>${field('password', 'Password, 8 characters or more', 'password', html`autocomplete="new-password" minlength="8" maxlength="128" autofocus`)}${who.me?.setup === 'code' ? field('code', 'Code, from the log of the server', 'text', html`autocomplete="off" spellcheck="false"`) : ''}`,
  take: form => send('setup', typedIn(form)),
});
