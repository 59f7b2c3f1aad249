// SPDX-License-Identifier: Apache-2.0
// The certificate that HTTPS shows, and an own one in its place.
import { boxName, call, facts, html, icon, needs, paintNow, state, toast } from 'dashboard';
import { section } from './settings_parts.js';

const URL = '/api/v1/certificate';

let now = null, problem = null;

export const readCertificate = async () => {
  const answer = await call('GET', URL);
  if (answer.ok || answer.status === 404) [now, problem] = answer.ok ? [answer.body, null] : [null, answer.body];
};

const date = text => html`<time datetime="${text}" title="${text}">${new Date(text).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })}</time>`;

const fingerprint = hex => hex.toUpperCase().match(/../g).join(':');

const shown = () => html`${facts([['Made by', now.self_made ? 'itself: browsers warn of it' : 'whoever gave it to you'], ['Subject', now.subject, 'addr'], ['Names', now.names.join(', '), 'addr'], ['Valid from', date(now.not_before)], ['Valid until', date(now.not_after)], ['SHA-256', fingerprint(now.sha256), 'mono small']])}<div class="row"><button type="button" id="own-certificate" data-ask="certificate" ${needs('admin')}>${icon('up')}Use your own…</button></div>`;

export const certificate = () => !now && !problem ? '' : section('certificate', 'Certificate', now && state.status?.https ? `https on port ${state.status.https.port}` : '', now ? shown() : html`<p class="stack soft">${problem.detail ?? 'HTTPS is off.'}</p>`);

const file = (name, label, hint, more = '') => html`<div class="field"><label for="d-${name}">${label} <small>${hint}</small></label><input type="file" id="d-${name}" name="${name}" accept=".pem,.crt,.cer,.key" required ${more}></div>`;

export const asks = {
  certificate: () => ({
    title: 'Use your own certificate', keep: 'Cancel', go: 'Use it', what: 'The certificate stays as it was',
    body: html`<p>Both as PEM. New connections to ${boxName()} get it at once.</p>${file('certificate', 'Certificate', 'with those of its issuers behind it', html`autofocus`)}${file('key', 'Key', 'not encrypted')}`,
    take: async form => {
      const [pem, key] = await Promise.all(['certificate', 'key'].map(name => form.elements[name].files[0].text()));
      const answer = await call('PUT', URL, { certificate: pem, key });
      if (!answer.ok) return answer;
      now = answer.body;
      paintNow();
      toast('good', 'The certificate is in use', `Valid until ${new Date(now.not_after).toLocaleDateString('en-GB')}.`);
      return null;
    },
  }),
};
