// SPDX-License-Identifier: Apache-2.0
// Tokens for programs. What a token is the box tells once, when it is made.
import { atField, call, command, field, html, icon, needs, paintNow, toast } from 'dashboard';
import { section, table } from './settings_parts.js';
import { mayWords, roleCell, roleChoice } from './settings_roles.js';

const URL = '/api/v1/tokens';

let list = null, made = null;

export const readTokens = async () => {
  const answer = await call('GET', URL);
  if (answer.ok) list = answer.body.tokens;
};

// Names of those that end with that user.
export const tokensOf = user => (list ?? []).filter(t => t.by === user).map(t => t.name);

const curl = text => `curl -H 'Authorization: Bearer ${text}' ${location.origin}/api/v1/devices`;

const madeNote = () => !made ? '' : html`<div class="note good" id="made">${icon('check')}<div><strong>Token “${made.name}” is made. Copy it now: it is not shown again.</strong>${command(made.token, 'token')}<p>With it a program may ${mayWords(made.role)}:</p>${command(curl(made.token), 'command')}<p>Programs that know only user and password take it as the password, with any user.</p></div><div class="actions"><button type="button" id="made-done" data-do="tokenCopied">Done</button></div></div>`;

const row = t => html`<tr role="row" id="token-${t.id}"><td role="cell" class="addr full"><strong>${t.name}</strong> <span class="soft small mono">${t.id}</span></td>${roleCell(t.role)}<td role="cell" class="full" data-l="Made by">${t.by ?? html`<span class="soft">not known</span>`}</td><td role="cell" class="num full"><button type="button" class="plain" id="revoke-${t.id}" data-ask="revoke:${t.id}">Revoke…<span class="sr"> ${t.name}</span></button></td></tr>`;

export const tokens = () => section('tokens', 'Tokens for programs', '', html`${made ? html`<div class="stack">${madeNote()}</div>` : ''}${list?.length ? table('tokens', ['Token', 'May', 'Made by'], list.map(row)) : html`<p class="soft stack">${list ? 'None. A script or Prometheus logs in with one.' : 'Admins see them here.'}</p>`}<div class="row"><button type="button" id="token-add" data-ask="token" ${needs('admin')}>Make a token…</button></div>`);

export const does = { tokenCopied: () => { made = null; paintNow(); document.getElementById('token-add').focus(); } };

const again = async () => { await readTokens(); paintNow(); return null; };

export const asks = {
  token: () => ({
    title: 'Make a token', keep: 'Cancel', go: 'Make', what: 'No token was made',
    body: html`${field('name', 'Name: which program is it for?', 'text', html`autofocus maxlength="31" autocomplete="off" autocapitalize="off" spellcheck="false"`)}${roleChoice('view')}`,
    take: async form => {
      const [name, role] = [form.elements.name.value, form.elements.role.value], answer = await call('POST', URL, { name, role });
      if (!answer.ok) return answer.status === 409 ? atField('name', answer) : answer;
      made = { name, role, token: answer.body.token };
      return again();
    },
  }),
  revoke: id => {
    const t = list?.find(one => one.id === id);
    return t && {
      title: `Revoke ${t.name}?`, keep: 'Keep', go: 'Revoke', danger: true, what: `${t.name} was not revoked`,
      body: html`<p>Programs that use it are refused from now on, and their streams end.</p>`,
      take: async () => {
        const answer = await call('DELETE', `${URL}/${encodeURIComponent(id)}`);
        if (!answer.ok) return answer;
        if (made?.name === t.name) made = null;
        await again();
        toast('good', `${t.name} is revoked`, '');
        return null;
      },
    };
  },
};
