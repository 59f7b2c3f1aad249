// SPDX-License-Identifier: Apache-2.0
// Reserving a device for somebody, for a while.
import { html } from './html.js';
import { call } from './call.js';
import { toast } from './toast.js';
import { state } from './state.js';
import { deadline, plural } from './words.js';
import { holder, leaseEnd, leaseLeft } from './parts.js';
import { who } from './who.js';

const HOUR_S = 3600;
const spans = [[HOUR_S / 2, '30 minutes'], ...[1, 2, 4, 8].map(h => [h * HOUR_S, plural(h, 'hour')]), ...[1, 7].map(d => [d * 24 * HOUR_S, plural(d, 'day')])];

const url = busid => `/api/v1/devices/${encodeURIComponent(busid)}/lease`;

// Changing is its maker's; nobody knows own address, so whoever has no name may try.
export const mayChange = d => !d.lease || !who.me?.user || d.lease.maker === who.me.user;

const field = (name, label, hint, value, more) => html`<div class="field"><label for="d-${name}">${label} <small>${hint}</small></label><input type="text" id="d-${name}" name="${name}" value="${value}" autocomplete="off" ${more}></div>`;

const until = () => state.time ? html`<div class="field"><label for="d-until">or until <small>your time</small></label><input type="datetime-local" id="d-until" name="until"></div>` : '';

// Whoever changes something else leaves the end where it is: the shorter span would be a surprise.
const asItIs = d => d.lease.until ? { until: d.lease.until } : { for_s: leaseLeft(d) };

const wish = (f, d) => ({
  owner: f.owner.value.trim(), ...(f.reason.value.trim() ? { reason: f.reason.value.trim() } : {}), ...(f.address.value.trim() ? { address: f.address.value.trim() } : {}),
  ...(f.until?.value ? { until: new Date(f.until.value).toISOString().replace(/\.\d+/, '') } : f.for_s.value ? { for_s: Number(f.for_s.value) } : asItIs(d)),
});

const take = (d, was) => async form => {
  const answer = await call('PUT', url(d.busid), wish(form.elements, d));
  if (!answer.ok) return answer;
  const { lease } = answer.body;
  toast('good', `${d.name} is reserved for ${lease.owner}`, `${lease.until ? `Until ${deadline(lease.until)}. ` : ''}Only ${lease.address} may attach it${was ? ' from now on' : ''}.`);
  return null;
};

export const askLease = busid => {
  const d = state.devices.get(busid), l = d?.lease;
  return d && {
    title: `Reserve ${d.name}`, keep: 'Cancel', go: 'Reserve', what: `${d.name} was not reserved`, take: take(d, l),
    body: html`<p>${d.user ? `${holder(d)} has it now and keeps it. ` : ''}Others find it busy until then. A restart ends it.</p>${field('owner', 'For', 'who needs it', l?.owner ?? who.me?.user ?? '', html`required maxlength="64" autofocus`)}${field('reason', 'Reason', 'shown to those who want it too', l?.reason ?? '', html`maxlength="128"`)}<div class="pair"><div class="field"><label for="d-for_s">For how long</label><select id="d-for_s" name="for_s">${l ? html`<option value="" selected>as it is, ${leaseEnd(d)}</option>` : ''}${spans.map(([s, text]) => html`<option value="${s}" ${!l && s === HOUR_S ? html`selected` : ''}>${text}</option>`)}</select></div>${until()}</div>${field('address', 'Who may attach it', 'an address or block; empty: this computer', l?.address ?? '', html`placeholder="10.0.0.7 or 10.0.0.0/24" spellcheck="false"`)}`,
  };
};

export const askLeaseEnd = busid => {
  const d = state.devices.get(busid), l = d?.lease;
  return l && {
    title: `End the reservation of ${d.name}?`, keep: 'Leave it', go: 'End it', danger: true, what: 'The reservation was not ended',
    body: html`<p>${l.owner} has it ${leaseEnd(d)}${l.reason ? `: ${l.reason}` : ''}. Then everybody may attach it again${d.user ? `, when ${holder(d)} lets go` : ''}.</p>`,
    take: async () => {
      const answer = await call('DELETE', url(busid));
      if (!answer.ok) return answer;
      toast('good', `${d.name} is not reserved any more`, 'Everybody may attach it.');
      return null;
    },
  };
};
