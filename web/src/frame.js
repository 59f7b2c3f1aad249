// SPDX-License-Identifier: Apache-2.0
// The line above everything: the connection is lost, or the box has no place for this page.
import { html, icon } from './html.js';
import { link } from './link.js';
import { boxName } from './parts.js';
import { capital, clockTime } from './words.js';

const next = () => {
  const s = link.retryAt === null ? 0 : Math.max(0, Math.ceil((link.retryAt - Date.now()) / 1000));
  return html`<span aria-hidden="true"> ${s ? `Next try in ${s} s.` : 'Trying now.'}</span>`;
};

export const banner = () => {
  if (link.state !== 'lost') return '';
  const why = link.problem ? html`<p><span role="alert"><strong>${capital(link.problem.title)}.</strong> ${link.problem.detail}</span>${next()}</p>`
    : html`<p><span role="alert"><strong>No connection to ${boxName()} since ${clockTime(link.since)}.</strong> What you see is from then.</span>${next()}</p>`;
  return html`<div class="banner bad">${icon('lost')}${why}${link.problem?.status === 401 ? html`<button type="button" class="primary" data-ask="login">Log in</button>` : html`<button type="button" id="try">Try now</button>`}</div>`;
};
