// SPDX-License-Identifier: Apache-2.0
// What devices are called and whether clients see them; also those that are not plugged in.
import { boxName, call, deviceName, holder, html, icon, paintNow, product, shown, state, toast } from 'dashboard';
import { doc, read, send } from './settings_document.js';
import { fixedNote, held, section, table as listOf } from './settings_parts.js';

const url = busid => `/api/v1/devices/${encodeURIComponent(busid)}`;

const namings = () => doc.answer?.settings.devices ?? [];
const namingOf = d => namings().find(n => n.serial && n.serial === d.serial) ?? namings().find(n => n.busid === d.busid);

const follows = n => n ? n.serial ? `serial ${n.serial}` : `port ${n.busid}` : '';

// Those that have names and are not there.
const absent = () => {
  const here = new Set([...state.devices.values()].map(namingOf));
  return namings().map((n, i) => [n, i]).filter(([n]) => !here.has(n));
};

const see = (exported, why) => exported ? html`${icon('check', 'good')} yes` : html`${icon('hide', 'soft')} ${why ?? 'hidden'}`;
const cells = (name, second, follow, labels, seen) => html`<td role="cell" class="two full addr"><span><strong>${name}</strong></span><small>${second}</small></td><td role="cell" class="soft small addr full">${follow}</td><td role="cell" class="addr">${labels?.length ? labels.join(', ') : html`<span class="zero">no labels</span>`}</td><td role="cell">${seen}</td>`;

const button = (what, id, mark, name, argument) => html`<button type="button" class="plain" id="${id}" ${html`data-${what}`}="${argument}" ${held('/devices')}>${mark}<span class="sr"> ${name}</span></button>`;

const row = d => html`<tr role="row" id="name-${d.busid}">${cells(d.name, [product(d), d.name === d.busid ? '' : d.busid].filter(Boolean).join(', '), follows(namingOf(d)), d.labels, see(!d.hidden, d.exported ? 'hidden by rules' : 'hidden'))}<td role="cell" class="num full">${button('ask', `names-${d.busid}`, 'Edit…', d.name, `names:${d.busid}`)}</td></tr>`;

const absentRow = ([n, i]) => {
  const name = n.alias ?? n.serial ?? n.busid;
  return html`<tr role="row" id="absent-${i}">${cells(name, 'not plugged in now', follows(n), n.labels, see(n.exported !== false))}<td role="cell" class="num full">${button('ask', `absent-edit-${i}`, 'Edit…', name, `absent:${i}`)}${button('ask', `absent-forget-${i}`, 'Forget…', name, `forget:${i}`)}</td></tr>`;
};

const table = () => {
  const list = shown(), gone = absent(), aliases = list.filter(d => d.alias).length;
  const heads = ['Name', 'Follows', 'Labels', 'Clients see it'];
  if (!list.length && !gone.length) return section('names', 'Names and visibility', '', html`<p class="soft stack">Nothing is plugged in, and nothing has a name.</p>`);
  return section('names', 'Names and visibility', `${aliases} of ${list.length} have an alias`, html`${listOf('names', heads, [list.map(row), gone.map(absentRow)])}<div class="foot"><span>Names stay with their device, by its serial, or with the port, whatever is plugged in there. A change holds at once.</span>${fixedNote('/devices')}</div>`);
};

export const devices = { name: 'Devices', has: s => s.devices, sections: table };

// --- the dialog ----------------------------------------------------------------------------------

const text = (name, label, hint, value, more = '') => html`<div class="field"><label for="d-${name}">${label} <small>${hint}</small></label><input type="text" id="d-${name}" name="${name}" value="${value}" autocomplete="off" spellcheck="false" ${more}></div>`;

const fields = (n, more, whoLoses) => html`${text('alias', 'Alias', 'clients can attach it by that: a to z, 0 to 9, dots, dashes, underscores', n.alias ?? '', html`autofocus maxlength="31"`)}${more}${text('labels', 'Labels', 'with commas between; rules can name them', (n.labels ?? []).join(', '))}<label class="choice field"><input type="checkbox" name="exported" ${n.exported === false ? '' : html`checked`}><span>Clients see it<small>${whoLoses ?? `Else to all of them it looks as if it was not plugged in.`}</small></span></label>`;

const read_form = f => ({
  alias: f.alias.value.trim() || null, labels: f.labels.value.split(',').map(l => l.trim()).filter(Boolean),
  exported: f.exported.checked === f.exported.defaultChecked ? undefined : f.exported.checked, // its own word only if somebody gives it
});

const by = d => {
  const n = namingOf(d), serial = n ? Boolean(n.serial) : Boolean(d.serial);
  const radio = (value, on, title) => html`<label class="choice"><input type="radio" name="alias_by" value="${value}" ${on ? html`checked` : ''}><span class="addr">${title}</span></label>`;
  return d.serial ? html`<fieldset class="field"><legend class="small soft">Names follow</legend>${radio('serial', serial, `its serial, ${d.serial}`)}${radio('port', !serial, `the port ${d.busid}, whatever is plugged in there`)}</fieldset>` : html`<p class="small soft">It has no serial: names follow the port ${d.busid}.</p>`;
};

const saidSeen = (name, exported) => exported ? `Clients see ${name}.` : `Clients do not see ${name}.`;

// What the list of a device that is not there becomes; `entry` null: it goes.
const replaceAbsent = async (i, entry) => {
  const list = entry ? namings().with(i, entry) : namings().toSpliced(i, 1);
  const answer = await send({ devices: list }, false);
  if (!answer.ok) return { status: answer.status, body: { ...answer.body, errors: answer.body.errors?.map(e => ({ ...e, pointer: e.pointer.replace(`/devices/${i}`, '') })) } };
  await read();
  paintNow();
  return null;
};

export const asks = {
  names: busid => {
    const d = state.devices.get(busid);
    return d && {
      title: `Name ${d.name}`, keep: 'Cancel', go: 'Save', what: `${d.name} could not be named`,
      body: fields(d, by(d), d.user && `If not, ${holder(d)} loses it at once.`),
      take: async form => {
        const names = read_form(form.elements), follow = form.elements.alias_by?.value;
        const answer = await call('PATCH', url(busid), follow ? { ...names, alias_by: follow } : names);
        if (!answer.ok) return answer;
        Object.assign(state.devices.get(busid) ?? {}, answer.body, { at: state.uptime });
        toast('good', names.alias ? `${busid} is called ${names.alias}` : `${busid} has no alias`, saidSeen(names.alias ?? deviceName(busid), answer.body.exported));
        await read();
        paintNow();
        return null;
      },
    };
  },
  absent: i => {
    const n = namings()[i];
    return n && {
      title: `Name ${follows(n)}`, keep: 'Cancel', go: 'Save', what: 'The name was not changed', body: fields(n, html`<p class="small soft">Not plugged in now. Names follow ${follows(n)}.</p>`),
      take: async form => {
        const { alias, labels, exported } = read_form(form.elements), { serial, busid: port } = n;
        const refusal = await replaceAbsent(Number(i), { ...(serial ? { serial } : { busid: port }), ...(alias ? { alias } : {}), ...(labels.length ? { labels } : {}), exported: exported ?? n.exported, take_from_host: n.take_from_host });
        if (!refusal) toast('good', 'The names are saved', `${boxName()} uses them when it is plugged in.`);
        return refusal;
      },
    };
  },
  forget: i => {
    const n = namings()[i];
    return n && {
      title: `Forget ${n.alias ?? follows(n)}?`, keep: 'Keep it', go: 'Forget', danger: true, what: 'The name was not forgotten',
      body: html`<p>When ${follows(n)} is plugged in again, it has no alias and no labels, and clients see it.</p>`,
      take: async () => {
        const refusal = await replaceAbsent(Number(i), null);
        if (!refusal) toast('good', `${n.alias ?? follows(n)} is forgotten`, '');
        return refusal;
      },
    };
  },
};
