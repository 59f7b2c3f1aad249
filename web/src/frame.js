// SPDX-License-Identifier: Apache-2.0
// The line above everything: the connection is lost, or the box has no place for this page, or nobody's
// password.
import { html, icon } from './html.js';
import { link } from './link.js';
import { state } from './state.js';
import { boxName, isPlain } from './parts.js';
import { ui } from './ui.js';
import { who } from './who.js';
import { capital, clockTime } from './words.js';

const next = () => {
  const s = link.retryAt === null ? 0 : Math.max(0, Math.ceil((link.retryAt - Date.now()) / 1000));
  return html`<span aria-hidden="true"> ${s ? `Next try in ${s} s.` : 'Trying now.'}</span>`;
};

// Until there is a password: who may change things?
const setups = {
  anybody: () => ['belongs to nobody yet', `Everybody on this network can change everything, until somebody sets the password of the admin.${isPlain() ? ' It goes there unencrypted.' : ''}`],
  open: () => ['has no password yet', 'Everybody on this computer can change things, from elsewhere nobody.'],
  code: () => ['has no password yet', `Looking is all that you can do from here, until you set one, with the code that ${state.status?.board ? 'its console' : 'its log'} shows.`],
};

const unclaimed = () => {
  const [what, text] = setups[who.me?.setup]?.() ?? [];
  return !what || ui.later ? '' : html`<div class="banner" role="region" aria-label="Set-up">${icon('silent')}<p><strong>${state.status?.name || 'This box'} ${what}.</strong> ${text}</p><button type="button" class="primary" id="set-up" data-ask="setup">Set a password…</button><button type="button" class="plain" id="later" data-set="later:">Later</button></div>`;
};

export const banner = () => {
  if (link.state !== 'lost') return unclaimed();
  const why = ui.away ? html`<p><span role="alert"><strong>${boxName()} ${ui.away.words}.</strong> This page goes on as soon as it is back.</span>${next()}</p>` : link.problem ? html`<p><span role="alert"><strong>${capital(link.problem.title)}.</strong> ${link.problem.detail}</span>${next()}</p>`
    : html`<p><span role="alert"><strong>No connection to ${boxName()} since ${clockTime(link.since)}.</strong> What you see is from then.</span>${next()}</p>`;
  return html`<div class="banner bad">${icon('lost')}${why}${link.problem?.status === 401 ? html`<button type="button" class="primary" data-ask="login">Log in</button>` : html`<button type="button" id="try">Try now</button>`}</div>`;
};
