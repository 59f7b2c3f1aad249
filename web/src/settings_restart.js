// SPDX-License-Identifier: Apache-2.0
// What runs, restarting it, and forgetting all that it keeps.
import { boxName, call, clients, facts, html, needs, paintNow, plural, span, state, toast, ui } from 'dashboard';
import { section } from './settings_parts.js';

// --- what runs -----------------------------------------------------------------------------------

const address = () => state.status.network.addresses.find(a => !a.startsWith('fe80')) ?? '';

export const program = () => {
  const { status } = state;
  return !status ? '' : section('program', 'Program', '', facts([
    ['Version', status.version], ['Board', status.board], ['Running for', span(state.uptime)], ['Last start', status.restart_text],
    ['Address', address(), 'mono'], ['USB/IP', status.usbip_port && `port ${status.usbip_port}`],
    ['HTTPS', status.https ? `port ${status.https.port}` : status.https === null ? 'off' : '']]));
};

// --- it goes, and comes back ---------------------------------------------------------------------

// The page waits for another run of the box: ui.away tells the banner, this tells when.
export const goesAway = words => { ui.away = { words, boot: state.status.boot, uptime: state.uptime }; paintNow(); };

export const isBack = () => {
  const { away } = ui;
  if (!away || (state.status.boot === away.boot && state.uptime >= away.uptime)) return;
  ui.away = null;
  toast('good', `${boxName()} is back`, state.status.restart_text ?? '');
};

const users = () => {
  const all = clients(), n = all.reduce((sum, [, sessions]) => sum + sessions.length, 0);
  return n ? `${plural(all.length, 'client')} ${all.length === 1 ? 'uses' : 'use'} ${plural(n, 'device')}` : '';
};
const lose = () => users() ? html`<p>${users()}. They lose them; <code>usbip-keep</code> attaches again by itself.</p>` : html`<p>Nobody uses a device now.</p>`;

const loses = () => state.status.kept ? '' : html`<p>It was started without <code>--state-dir</code>: settings that were changed, users and tokens are gone then.</p>`;

export const restart = () => section('restart', 'Restart', '', html`<div class="stack">${lose()}</div><div class="row"><button type="button" class="danger" id="restart" data-ask="restart" ${needs('admin')}>Restart…</button></div>`);

// --- factory reset -------------------------------------------------------------------------------

const name = () => state.status?.name ?? '';

export const factoryReset = () => section('factory', 'Factory reset', '', html`<div class="stack"><p class="soft">Forgets every setting, user, token and name of a device, and the history. Then ${boxName()} belongs to nobody again.</p></div><div class="row"><button type="button" class="danger" id="factory" data-ask="factory" ${needs('admin')}>Reset to factory state…</button></div>`);

export const asks = {
  restart: () => ({
    title: `Restart ${boxName()}?`, keep: 'Leave it', go: 'Restart', danger: true, what: `${boxName()} was not restarted`,
    body: html`${lose()}${loses()}<p>New clients wait until it is back. This page goes on by itself.</p>`,
    take: async () => {
      const answer = await call('POST', '/api/v1/restart', {});
      if (!answer.ok) return answer;
      const s = answer.body.drain_s;
      goesAway(`is restarting${s ? `: sessions have up to ${span(s)} to end` : ''}`);
      toast('good', `${boxName()} restarts`, 'This page goes on as soon as it is back.');
      return null;
    },
  }),
  factory: () => ({
    title: 'Reset to factory state?', keep: 'Keep everything', go: 'Reset', danger: true, what: 'Nothing was reset',
    body: html`${lose()}<p>This cannot be undone. A backup can be restored afterwards.</p><div class="field"><label for="d-host_name">Type <strong>${name()}</strong> to forget everything</label><input type="text" id="d-host_name" name="host_name" autocomplete="off" autocapitalize="off" spellcheck="false" required></div>`,
    take: async form => {
      const typed = form.elements.host_name.value.trim();
      if (typed !== name()) return { status: 409, body: { errors: [{ pointer: '/host_name', detail: `This box is called ${name()}.` }] } };
      const answer = await call('POST', '/api/v1/factory-reset', { host_name: typed });
      if (!answer.ok) return answer;
      goesAway('begins anew');
      toast('good', `${typed} is reset`, ['It restarts, and has no password then.', answer.body.stays].filter(Boolean).join(' '));
      return null;
    },
  }),
};
