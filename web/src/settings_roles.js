// SPDX-License-Identifier: Apache-2.0
// Roles, as they are shown and chosen.
import { html } from 'dashboard';

const roles = {
  view: 'looks, and changes nothing',
  operate: 'disconnects, resets, reserves, switches power, simulates',
  admin: 'everything: settings, users, tokens, restart',
};

export const roleCell = role => html`<td role="cell" class="full">${role} <span class="soft small">${roles[role]}</span></td>`;

export const mayWords = role => ({ view: 'look', operate: 'operate', admin: 'do everything' })[role];

// only: why there is no choice.
export const roleChoice = (now, only = '') => html`<fieldset class="kinds"><legend class="small soft">May</legend>${Object.entries(roles).map(([role, text]) => html`<label class="choice"><input type="radio" name="role" value="${role}" ${role === now ? html`checked` : ''} ${only && role !== now ? html`disabled` : ''}><span>${role}<small>${text}</small></span></label>`)}${only ? html`<p class="small soft">${only}</p>` : ''}</fieldset>`;
