// SPDX-License-Identifier: Apache-2.0
// What can be done to a device or a client: the buttons, and what they ask before. Each is one
// documented REST call.
import { html, icon } from './html.js';
import { call } from './call.js';
import { toast } from './toast.js';
import { askLease, askLeaseEnd, mayChange } from './actions_lease.js';
import { askPower } from './actions_power.js';
import { state, lasted } from './state.js';
import { needs } from './who.js';
import { plural, rate, span } from './words.js';
import { attachLine, boxName, deviceName, devicePath, holder, usable } from './parts.js';

const can = (d, what) => d.simulate?.can.includes(what);
const url = (busid, action) => `/api/v1/devices/${encodeURIComponent(busid)}/${action}`;

// --- buttons -------------------------------------------------------------------------------------

const button = (kind, d, mark, text, more = '') => html`<button type="button" id="do-${kind}-${d.busid}" class="${more}" data-ask="${kind}:${d.busid}" ${needs(kind === 'names' ? 'admin' : 'operate')}>${icon(mark)}${text}</button>`;

const offers = d => ({
  disconnect: d.user && d.state === 'in_use' && button('disconnect', d, 'eject', html`Disconnect ${d.user.address}…`, 'bad'),
  reset: usable(d) && d.exported && ['available', 'in_use'].includes(d.state) && button('reset', d, 'reset', 'Reset…'),
  names: d.state !== 'hub' && button('names', d, 'pen', 'Name…'),
  lease: usable(d) && mayChange(d) && button('lease', d, 'lease', d.lease ? 'Change reservation…' : 'Reserve…'),
  unlease: d.lease && button('unlease', d, 'lease', 'End reservation…'),
  type: can(d, 'type') && button('type', d, 'keyboard', 'Type text…'),
  power: d.power?.switching === 'single' && button('power', d, 'power', 'Power…'),
  unplug: can(d, 'unplug') && button('unplug', d, 'eject', 'Unplug…'),
});

export const deviceMenu = d => {
  const o = offers(d);
  return html`<details class="menu" id="m-${d.busid}"><summary id="ms-${d.busid}" aria-label="Actions for ${d.name}">${icon('more')}</summary><div class="menu-list">${usable(d) && !d.hidden ? html`<button type="button" data-copy="${attachLine(d)}">${icon('copy')}Copy attach command</button><hr>` : ''}<a href="${devicePath(d.busid)}">${icon('eye')}Open</a>${o.names}${o.lease}${o.unlease}${o.reset}${o.type}${o.power}${o.unplug}${o.disconnect ? html`<hr>${o.disconnect}` : ''}</div></details>`;
};

export const deviceButtons = d => {
  const o = offers(d);
  return html`${o.disconnect ? button('disconnect', d, 'eject', 'Disconnect…', 'danger') : ''}${o.names}${d.lease ? '' : o.lease}${o.reset}${o.type}${o.power}${o.unplug}`;
};

// Beside what is said of the reservation.
export const leaseButtons = d => html`${mayChange(d) ? button('lease', d, 'pen', 'Change…') : ''}${button('unlease', d, 'x', 'End…')}`;

// --- what is asked before ------------------------------------------------------------------------

const sessionOf = busid => state.sessions.find(s => s.busid === busid);

const inFlight = session => {
  if (!session?.urbs_in_flight) return '';
  const out = session.rates.out_bytes_per_s;
  return html`<li>${plural(session.urbs_in_flight, 'URB is', 'URBs are')} in flight and will be lost${out >= 0.5 ? `; ${rate(out)} are being written` : ''}.</li>`;
};

const hits = d => html`<p>To that computer it looks as if somebody pulled the cable.</p><ul><li>${holder(d)} has had it for ${span(lasted(d.user.since_s, d.at))}.</li>${inFlight(sessionOf(d.busid))}<li>Nobody else is affected. It may attach again at once.</li></ul>`;

const harm = (title, body, call, keep, go, what, expect) => ({ title, body, call, keep, go, danger: true, what, expect });

const known = busid => state.devices.get(busid);

// One call for each. The first that is refused stays in the dialog with those behind it.
const simulateAll = async form => {
  const { device, more } = form.elements;
  const boxes = device?.tagName ? [device] : [...device ?? []], chosen = boxes.filter(b => b.checked);
  const busids = [];
  const plug = async spec => {
    const answer = await call('POST', '/api/v1/simulate', { device: spec });
    if (answer.ok) busids.push(answer.body.busid);
    return answer.ok ? null : { ...answer, body: { ...answer.body, errors: (answer.body.errors ?? []).map(e => ({ ...e, pointer: '/more' })) } };
  };
  let refusal = chosen.length || more.value.trim() ? null : { status: 422, body: { errors: [{ pointer: '/more', detail: 'Choose one, or write which.' }] } };
  for (const box of chosen) if (!refusal && !(refusal = await plug(box.value))) box.checked = false;
  for (const spec of more.value.split(/\s+/).filter(Boolean)) if (!refusal && !(refusal = await plug(spec))) more.value = more.value.replace(spec, '').trim();
  if (busids.length) toast('good', `${plural(busids.length, 'device is', 'devices are')} plugged in`, `Clients can attach ${busids.join(', ')}.`);
  return refusal;
};

// Each makes {title, body, call: [verb, url], keep, go, danger, what, expect}, or null if there is
// nothing to do any more. `what`: what did not happen, if the box does not answer.
export const asks = {
  disconnect: busid => {
    const d = known(busid);
    return d?.user && harm(`Disconnect ${d.user.address} from ${d.name}?`, hits(d), ['post', url(busid, 'disconnect')], 'Keep attached', 'Disconnect',
      `${d.user.address} could not be disconnected`, `free:${busid}:${d.user.session}:${d.user.address}`);
  },
  session: id => {
    const s = state.sessions.find(one => one.id === Number(id)), d = s && known(s.busid);
    return d?.user && harm(`Disconnect ${s.address} from ${d.name}?`, hits(d), ['delete', `/api/v1/sessions/${s.id}`], 'Keep attached', 'Disconnect',
      `${s.address} could not be disconnected`, `free:${s.busid}:${s.id}:${s.address}`);
  },
  reset: busid => {
    const d = known(busid);
    return d && harm(`Reset ${d.name}?`, html`<p>${d.user ? `${holder(d)} keeps it. What is in flight fails, and drivers try again.` : 'Nobody has it.'} The device begins anew, as after a reset by a computer.</p>`,
      ['post', url(busid, 'reset')], 'Leave it', 'Reset', `${d.name} could not be reset`, `reset:${busid}:${state.events.at(-1)?.number ?? 0}`);
  },
  unplug: busid => {
    const d = known(busid);
    return d && harm(`Unplug ${d.name}?`, html`<p>${d.user ? `${holder(d)} has it and loses it, as if somebody pulled the cable.` : 'Nobody has it.'} The simulated device can be plugged in again at any time.</p>`,
      ['post', url(busid, 'unplug')], 'Leave it', 'Unplug', `${d.name} could not be unplugged`, `unplugged:${busid}:${d.name}`);
  },
  type: busid => {
    const d = known(busid);
    return d && { title: `Type on ${d.name}`, body: html`<p>${d.user ? `${holder(d)} sees it as if somebody typed.` : 'Nobody has it: what is typed now is read by whoever attaches it.'}</p><div class="field"><label for="text">Text <small>as on an American keyboard</small></label><input id="text" name="text" type="text" value="hello" required autofocus autocomplete="off" maxlength="1000"></div>`,
      call: ['post', url(busid, 'type')], keep: 'Cancel', go: 'Type', what: 'The text was not typed', expect: `typed:${busid}` };
  },
  lease: askLease,
  unlease: askLeaseEnd,
  power: askPower,
  simulate: () => ({ title: 'Simulate devices', body: html`<p>${boxName()} behaves as if these were plugged in. Clients attach them as any other.</p>${(state.kinds ?? []).length ? html`<fieldset class="kinds"><legend class="sr">Devices</legend>${state.kinds.map((k, i) => html`<label class="choice"><input type="checkbox" name="device" value="${k.example ?? k.kind}" ${i ? '' : html`autofocus`}><span>${k.kind}${k.help ? html`<small>${k.help}</small>` : ''}</span></label>`)}</fieldset>` : ''}<div class="field"><label for="more">${(state.kinds ?? []).length ? 'Others' : 'Devices'} <small>as with <code>--sim</code>, with blanks between, like disk:size=16M</small></label><input id="more" name="more" type="text" autocomplete="off" spellcheck="false"></div>`,
    take: simulateAll, keep: 'Cancel', go: 'Plug in', what: 'Nothing was plugged in' }),
};

// --- what happened after -------------------------------------------------------------------------

const after = (done, good, kind = () => 'good') => ({ done, good, kind });

const resets = { device_reset_done: 'good', device_reset_failed: 'bad' };

// What to wait for after the box has taken the request, and what to say then: done() with each
// message, good() -> [title, text], kind() of the toast. `answer` is what it said.
export const expectations = {
  free: (answer, busid, session, address) => after(() => known(busid)?.user?.session !== Number(session), () => {
    const d = known(busid);
    const now = !d ? 'The device is not plugged in any more.' : d.user ? `${d.name} is in use by ${d.user.address} now.` : `${d.name} is available again.`;
    return [`${address} is disconnected`, now];
  }),
  plugged: (answer, busid) => after(() => known(busid), () => [`${deviceName(busid)} is plugged in`, `Clients can attach ${busid}.`]),
  unplugged: (answer, busid, name) => after(() => !known(busid), () => [`${name} is unplugged`, 'It can be plugged in again at any time.']),
  reset: (answer, busid, last) => {
    const outcome = () => state.events.find(e => e.busid === busid && e.number > Number(last) && resets[e.type]);
    const good = () => resets[outcome().type] === 'good';
    return after(outcome, () => good() ? [`${deviceName(busid)} is reset`, known(busid)?.user ? `${holder(known(busid))} goes on with it.` : 'Clients can attach it.']
      : [`${deviceName(busid)} was not reset`, outcome().text], () => resets[outcome().type]);
  },
  typed: (answer, busid) => after(() => true, () => [`${plural(answer.characters, 'character')} typed`, `${deviceName(busid)} sends them to ${known(busid)?.user?.address ?? 'whoever attaches it'}.`]),
};
