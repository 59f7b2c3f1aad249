// SPDX-License-Identifier: Apache-2.0
// Who may attach what, who loses it, and a try of both before it is saved.
import { boxName, call, capital, deviceName, html, icon, needs, paintNow, shown, state, who } from 'dashboard';
import { changes, doc } from './settings_document.js';
import { allowed, rules, ruleWords } from './settings_rules.js';
import { choices, input, section, typed } from './settings_parts.js';

// Who sees this page, as long as nobody logs in: settings_users.js has the setting.
const lookers = () => {
  const { anonymous, access: { mode: now, rules: list } } = doc.now;
  const all = anonymous === 'view' || (anonymous === 'auto' && now === 'open' && !list.some(r => r.effect === 'hide'));
  return who.me?.claimed ? html`<p class="small soft" id="lookers">${icon(all ? 'eye' : 'hide')} Without a login ${all ? 'everybody may look at this page' : 'nobody sees anything here'}. <a href="/settings/users">Change that</a></p>` : '';
};

const mode = () => section('mode', 'Who may attach', '', html`${choices('/access/mode', 'Mode', [
  ['open', 'Open', `Every computer that reaches port ${state.status?.usbip_port ?? 3240}, unless a rule says otherwise.`],
  ['closed', 'Closed', `Only the addresses below. To everybody else ${boxName()} looks as if nothing was plugged in.`]])}${lookers()}`);

const exported = () => section('ex', 'What is exported', '', choices('/export', 'Export', [
  ['auto', 'What is plugged in', `Not what ${boxName()} itself needs, nor what is hidden.`],
  ['manual', 'What you choose', 'A device that is new stays hidden until its page, or an export rule, says that clients see it.']]));

const silent = () => section('to', 'When a client falls silent', '', choices('/takeover', 'Takeover', [
  ['probe', 'Ask it once, then give the device to the next client', 'A client that lives keeps the device. A dead one loses it after 3 s, when somebody else asks.'],
  ['never', 'Keep the device for it', 'Until its connection ends by itself, or somebody disconnects it here.']]));

// --- who may? ------------------------------------------------------------------------------------

const tried = { answer: null, problem: null, of: '' };
const question = () => JSON.stringify([doc.now.access, typed.address, typed.busid]);
// What was tried is not what stands there now: the answer goes.
const fresh = () => tried.of === question();

export const tryIt = async () => {
  typed.busid ??= shown()[0]?.busid ?? '';
  const of = question();
  const { status, ok, body } = await call('POST', '/api/v1/access/test', { address: (typed.address ?? '').trim(), busid: typed.busid, ...(changes().some(p => p.startsWith('/access')) ? { access: doc.now.access } : {}) });
  Object.assign(tried, { of, answer: ok ? body : null, problem: ok ? null : status ? body : { title: 'Not tried', detail: `${boxName()} does not answer.` } });
  paintNow();
  if (tried.problem?.errors?.[0]?.pointer === '/address') document.getElementById('address').focus();
};

const verdict = () => {
  if (!fresh()) return '';
  const { answer, problem } = tried;
  if (problem) return html`<span class="bad">${icon('cannot')} ${capital(problem.detail)}</span>`;
  const words = answer.rule && ruleWords(answer.rule);
  return html`<strong>${answer.allowed ? 'Yes' : 'No'}${answer.rule ? `, by rule ${answer.rule}` : ''}.</strong> <span class="soft">${words ? `Rule ${answer.rule} ${words}.` : answer.why} ${answer.allowed ? `${typed.address} may attach ${deviceName(typed.busid)}.` : `To ${typed.address} it looks as if ${deviceName(typed.busid)} was not plugged in.`}</span>`;
};

const test = () => {
  const list = shown(), text = verdict(), kind = !fresh() ? 'none' : tried.answer ? (tried.answer.allowed ? 'yes' : '') : 'error';
  const bad = fresh() && tried.problem?.errors?.[0]?.pointer === '/address';
  return section('test', 'Who may?', 'tries what is written above, saved or not',
    html`<form class="inline stack" data-form="try">${input('address', 'May this address', html`placeholder="10.0.0.7"`, bad)}<div class="field"><label for="busid">have this device</label><select id="busid" data-typed name="busid">${list.map(d => html`<option value="${d.busid}" ${d.busid === typed.busid ? html`selected` : ''}>${d.name === d.busid ? d.name : `${d.name} (${d.busid})`}</option>`)}</select></div><button type="submit" id="try-it" ${needs('operate')}>Try</button></form><div class="verdict ${kind}" id="e-address" role="status">${text}</div>`);
};

const hit = () => fresh() && tried.answer && tried.answer.why !== 'The device is not exported.' ? tried.answer.rule : undefined;

export const access = { name: 'Access', has: s => s.access, sections: () => html`${mode()}${allowed()}${rules(hit())}${exported()}${silent()}${test()}` };
