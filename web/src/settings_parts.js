// SPDX-License-Identifier: Apache-2.0
// What all settings pages are made of: fields that show and change the draft, what is wrong there,
// what a file of the box fixes.
import { html, icon, lacks, may, needs } from 'dashboard';
import { doc, isFixed } from './settings_document.js';
import { get } from './settings_draft.js';

const id = pointer => pointer.slice(1).replace(/\W/g, '-');

// Also of what is inside: "/access/allow/3" has the error of "/access/allow/3/address".
const errorAt = pointer => [...doc.errors].find(([at]) => at === pointer || at.startsWith(`${pointer}/`));

// Those that stand at a field of the page that is being made.
export const told = new Set();

export const wrong = pointer => {
  const [at, detail] = errorAt(pointer) ?? [];
  told.add(at);
  return at ? html`<p class="small bad" id="e-${id(pointer)}">${icon('cannot')} ${detail}</p>` : '';
};
const marks = pointer => html`${errorAt(pointer) ? html`aria-invalid="true" aria-describedby="e-${id(pointer)}"` : ''} ${isFixed(pointer) ? html`disabled` : may('admin') ? '' : html`disabled title="${lacks('admin')}"`}`;

// Of a button that changes what is at `pointer`.
export const held = (pointer, no = false) => no || isFixed(pointer) ? html`disabled` : needs('admin');

export const fixedNote = pointer => doc.answer.changeable && isFixed(pointer) ? html`<p class="small soft">${icon('lock')} ${doc.answer.fixed_by ? html`Fixed by <code>${doc.answer.fixed_by}</code>; change it there.` : 'Fixed by the file that the server was started with; change it there.'}</p>` : '';

export const section = (name, title, aside, inside) => html`<section aria-labelledby="h-${name}"><div class="head"><h2 id="h-${name}">${title}</h2>${aside ? html`<span class="soft">${aside}</span>` : ''}</div>${inside}</section>`;

// heads: of the columns; behind them is one for the row's buttons.
export const table = (name, heads, rows, last = 'Action') => html`<table class="list ${name}" role="table" aria-labelledby="h-${name}"><thead role="rowgroup"><tr role="row">${heads.map(title => html`<th scope="col" role="columnheader">${title}</th>`)}${last ? html`<th scope="col" role="columnheader"><span class="sr">${last}</span></th>` : ''}</tr></thead><tbody role="rowgroup">${rows}</tbody></table>`;

// choices: [value, title, what it means]
export const choices = (pointer, legend, list) => html`<fieldset class="stack"><legend class="sr">${legend}</legend>${list.map(([value, title, text]) =>
  html`<label class="choice"><input type="radio" name="${id(pointer)}" id="${id(pointer)}-${value}" value="${value}" data-edit="${pointer}" ${get(doc.now, pointer) === value ? html`checked` : ''} ${marks(pointer)}><span>${title}<small>${text}</small></span></label>`)}${wrong(pointer)}${fixedNote(pointer)}</fieldset>`;

export const field = (pointer, label, hint = '') => {
  const value = get(doc.now, pointer), was = get(doc.answer.settings, pointer), number = typeof was === 'number';
  return html`<div class="field"><label for="${id(pointer)}">${label} <small>${hint}</small></label><input type="text" id="${id(pointer)}" ${number ? html`inputmode="numeric" data-number` : ''} autocomplete="off" spellcheck="false" data-edit="${pointer}" value="${value}" ${marks(pointer)}>${wrong(pointer)}${fixedNote(pointer)}</div>`;
};

// What is typed where it is not a value yet: it outlives the live updates of the page.
export const typed = {};
export const input = (name, label, more = '', problem = '') => html`<div class="field"><label for="${name}">${label}</label><input type="text" id="${name}" name="${name}" data-typed autocomplete="off" spellcheck="false" value="${typed[name] ?? ''}" ${more} ${problem ? html`aria-invalid="true" aria-describedby="e-${name}"` : ''}></div>`;
