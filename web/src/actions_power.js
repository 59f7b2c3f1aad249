// SPDX-License-Identifier: Apache-2.0
// The power of ports: what is asked before it is switched, and what came of it.
import { html } from './html.js';
import { call } from './call.js';
import { toast } from './toast.js';
import { state } from './state.js';
import { capital, plural } from './words.js';
import { holder, powerOf } from './parts.js';

const LOOK_MS = 250, PATIENCE_MS = 10000;

const outcomes = { port_powered_on: 'good', port_powered_off: 'good', port_power_failed: 'bad' };

// The box takes the wish first and switches then: an event says what came of it.
const tellOutcome = (port, last, until = Date.now() + PATIENCE_MS) => {
  const e = state.events.find(one => one.busid === port && one.number > last && outcomes[one.type]);
  if (e) toast(outcomes[e.type], capital(e.text));
  else if (Date.now() < until) setTimeout(() => tellOutcome(port, last, until), LOOK_MS);
  else toast('bad', `The power of port ${port} was not switched`, 'The box took it, but nothing has changed since. The event log may tell more.');
};

const put = async (port, wish, force) => {
  const last = state.events.at(-1)?.number ?? 0;
  const answer = await call('PUT', `/api/v1/devices/${encodeURIComponent(port)}/power${force ? '?force=1' : ''}`, wish);
  if (!answer.ok) return answer;
  tellOutcome(port, last);
  return null;
};

const users = port => [...state.devices.values()].filter(d => d.user && (d.busid === port || d.busid.startsWith(`${port}.`)));

const hits = list => list.length
  ? html`<p>To the computers that have them it looks as if somebody pulled the cable.</p><ul>${list.map(d => html`<li>${holder(d)} has ${d.name} and loses it.</li>`)}</ul>`
  : html`<p>Nobody has what is plugged in there.</p>`;

const choice = (value, text, first) => html`<label class="choice"><input type="radio" name="power" value="${value}" ${first ? html`checked autofocus` : ''}><span>${text}</span></label>`;

export const askPower = port => {
  const power = powerOf(port);
  if (!power) return null;
  if (!power.on) return { title: `Give port ${port} its power back?`, body: html`<p>What is plugged in there begins anew.</p>`,
    take: () => put(port, { on: true }), keep: 'Leave it', go: 'Switch on', what: `The power of port ${port} was not switched` };
  const list = users(port);
  const take = form => put(port, form.elements.power.value === 'off' ? { on: false } : { cycle_s: Number(form.elements.power.value) }, list.length > 0);
  return { title: `Switch the power of port ${port}?`, body: html`${hits(list)}<fieldset class="kinds"><legend class="sr">Power</legend>${[1, 5, 30].map((s, i) => choice(s, `off for ${plural(s, 'second')}`, i === 0))}${choice('off', 'off until it is switched on again')}</fieldset>`,
    take, danger: list.length > 0, keep: 'Leave it', go: 'Switch', what: `The power of port ${port} was not switched` };
};
