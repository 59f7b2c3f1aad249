// SPDX-License-Identifier: Apache-2.0
// Who looks at this page, and what the box lets such a user do. Buttons for the rest are shown all the
// same, and say who may.
import { html } from './html.js';
import { call } from './call.js';

// Of GET /api/v1/me; null: not known yet, or the box knows no users.
export const who = { me: null };

export const readMe = async () => {
  const answer = await call('GET', '/api/v1/me');
  if (answer.status) who.me = answer.ok ? answer.body : null;
};

// Others may have become what they are, or this user somebody else.
export const concernsUsers = e => /^(claimed|user_changed|token_|settings_changed|restored)/.test(e.type);

export const may = role => !who.me || who.me.may.includes(role);

// role: view, operate or admin.
export const lacks = role => who.me?.claimed ? `Log in as ${role}` : 'Set a password first';

// Of a button: what a click that is not allowed does is in actions.js.
export const needs = role => may(role) ? '' : html`aria-disabled="true" data-need="${role}" title="${lacks(role)}" aria-describedby="need-${role}"`;

// What the button in the bar says and asks; nothing as long as there is no password.
export const whoButton = () => {
  if (!who.me?.claimed) return null;
  return who.me.user ? { text: `Log out ${who.me.user}`, ask: 'logout' } : { text: 'Log in', ask: 'login' };
};
