// SPDX-License-Identifier: Apache-2.0
// Buttons, from the question to what came of it: dialogs, requests, toasts; menus, tabs, keys.
import htmx from 'htmx.org';
import { html, icon } from './html.js';
import { asks, expectations } from './actions_device.js';
import { late } from './late.js';
import { toast } from './toast.js';
import { capital } from './words.js';
import { state } from './state.js';
import { who } from './who.js';
import { ui } from './ui.js';
import { download } from './page_events.js';

const WAIT_MS = 8000, COPIED_MS = 2000;

const $ = (selector, root = document) => root.querySelector(selector);
let repaint = () => {};
export const paintNow = () => repaint();

// For who does not see it.
export const say = text => { $('#said').textContent = text; };

// --- dialogs -------------------------------------------------------------------------------------

let opener = null, take = null;

const oneCall = ({ call: [verb, url], expect }) => html`hx-${verb}="${url}" hx-swap="none" hx-sync="this:drop" data-expect="${expect}"`;

// A question is one REST call of htmx (actions_device.js), or has take(form), which answers nothing if it
// was taken, else {status, body} as call() does.
export const openDialog = (q, button) => {
  const dialog = $('#dialog');
  dialog.innerHTML = html`<h2 id="dialog-h">${q.title}</h2><form ${q.call ? oneCall(q) : html`data-take`} data-what="${q.what}">${q.body}<div class="actions"><button type="button" data-close ${q.danger ? html`autofocus` : ''}>${q.keep}</button><button type="submit" class="primary ${q.danger ? 'danger' : ''}">${q.go}</button></div></form>`;
  htmx.process(dialog);
  take = q.take;
  // A menu's item is hidden by the time the dialog closes: the focus goes back to the menu's button.
  opener = (button.closest('details.menu')?.querySelector('summary') ?? button).id;
  if (!dialog.open) dialog.showModal();
};

const ask = (kind, argument, button) => {
  const q = asks[kind]?.(argument);
  if (q) openDialog(q, button);
};

// What a script answers that comes with the first of them.
const lateAsks = { names: 'settings' };

const askSoon = (kind, argument, button) => {
  if (asks[kind]) { ask(kind, argument, button); return; }
  late(lateAsks[kind]).then(() => ask(kind, argument, button), () => toast('bad', 'The dialog could not be loaded', `${state.status?.name ?? 'The box'} does not answer.`));
};

const taking = async e => {
  const form = e.target;
  if (form.dataset.take === undefined) return;
  e.preventDefault();
  if (form.hasAttribute('aria-busy')) return;
  form.setAttribute('aria-busy', 'true');
  const refusal = await take(form);
  form.removeAttribute('aria-busy');
  if (refusal) failed(form, refusal.status, refusal.body);
  else if (form.isConnected) $('#dialog').close();
};

const closed = () => {
  $('#dialog').replaceChildren();
  (document.getElementById(opener) ?? $('#main')).focus();
};

// --- what the box answers ------------------------------------------------------------------------

const waiting = new Set();

const json = xhr => { try { return JSON.parse(xhr.responseText); } catch { return {}; } };

// At the field, if the problem has one; tells whether it has.
const showAtField = (form, problem) => {
  const error = problem.errors?.[0], found = error && form.elements?.[error.pointer.split('/')[1]], input = found?.length && !found.tagName ? found[0] : found;
  if (!input) return false;
  $('#field-error')?.remove();
  for (const old of form.querySelectorAll('[aria-invalid]')) { old.removeAttribute('aria-invalid'); old.removeAttribute('aria-describedby'); }
  input.setAttribute('aria-invalid', 'true');
  input.setAttribute('aria-describedby', 'field-error');
  (input.closest('fieldset, .choice') ?? input).insertAdjacentHTML('afterend', html`<span class="small bad" id="field-error">${icon('cannot')} ${capital(error.detail)}</span>`);
  input.focus();
  return true;
};

export const askLogin = () => ask('login', '', $('#who'));

export const failed = (elt, status, problem) => {
  if (showAtField(elt, problem)) return;
  if (status === 401) { askLogin(); return; }
  $('#dialog').close();
  if (status === 0) toast('bad', elt.dataset.what, `${state.status?.name ?? 'The box'} does not answer.`);
  else toast('bad', capital(problem.title ?? elt.dataset.what), capital(problem.detail ?? `The answer was ${status}.`));
};

const taken = (elt, xhr) => {
  const [kind, ...rest] = elt.dataset.expect.split(/:(?=[^ ])/);
  const e = expectations[kind](json(xhr), ...rest);
  $('#dialog').close();
  waiting.add({ ...e, what: elt.dataset.what, until: Date.now() + WAIT_MS });
  settle();
};

// With each message of the box: has happened what was asked for?
export const settle = () => {
  for (const w of waiting) {
    const done = w.done();
    if (!done && Date.now() < w.until) continue;
    waiting.delete(w);
    if (done) toast(w.kind(), ...w.good());
    else toast('bad', w.what, 'The box took it, but nothing has changed since. The event log may tell more.');
  }
};

const afterRequest = ({ detail: { elt, xhr, successful } }) => {
  if (!elt.dataset?.expect) return;
  elt.removeAttribute('aria-busy');
  if (successful) taken(elt, xhr);
  else failed(elt, xhr.status, json(xhr));
};

// --- clicks --------------------------------------------------------------------------------------

const selectAndCopy = text => {
  const area = document.createElement('textarea');
  area.value = text;
  ($('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
};

// The clipboard's interface is there on https and localhost only; a box in the laboratory has http.
const copy = async (text, button) => {
  let done = false;
  if (navigator.clipboard) done = await navigator.clipboard.writeText(text).then(() => true, () => false);
  if (!done) { done = selectAndCopy(text); button.focus(); }
  if (!done) { toast('bad', 'The command was not copied', 'The browser forbids it. Select it and copy it by hand.'); return; }
  say('Copied');
  if (button.closest('details.menu')) toast('good', 'Attach command copied', text);
  ui.copied = text;
  repaint();
  setTimeout(() => { ui.copied = null; say(''); repaint(); }, COPIED_MS);
};

const sets = {
  flow: value => { ui.flow = value; },
  latency: value => { ui.latency = value; },
  system: value => { ui.system = value; },
  zone: value => { ui.events.utc = value === 'utc'; },
  pause: () => { ui.events.paused = ui.events.paused ? null : [...state.events]; },
  clear: () => { Object.assign(ui.events, { text: '', level: 'info', busid: '', client: '' }); },
  later: () => { ui.later = true; },
  older: () => { ui.events.shown += 200; },
  download,
};

const modes = ['auto', 'light', 'dark'];
const theme = () => document.documentElement.dataset.theme ?? 'auto';
export const showTheme = () => {
  const now = theme(), next = modes[(modes.indexOf(now) + 1) % 3], button = $('#theme');
  button.setAttribute('aria-label', `Theme: ${now}. Change to ${next}`);
  button.title = `Theme: ${now}`;
  $('use', button).setAttribute('href', `#i-${now}`);
};
const nextTheme = () => {
  const next = modes[(modes.indexOf(theme()) + 1) % 3];
  if (next === 'auto') delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = next;
  try { if (next === 'auto') localStorage.removeItem('theme'); else localStorage.setItem('theme', next); } catch { /* a private window */ }
  showTheme();
};

const closeMenus = except => {
  for (const menu of document.querySelectorAll('details.menu[open]')) if (menu !== except) menu.open = false;
};

const clicked = e => {
  const button = e.target.closest('button, a, summary');
  const menu = e.target.closest('details.menu');
  const { ask: question, set, copy: text, dismiss, close } = button?.dataset ?? {};
  if (question) { const [kind, argument] = question.split(/:(.*)/); askSoon(kind, argument, button); }
  if (set) { const [name, value] = set.split(':'); sets[name](value); repaint(); }
  if (text) copy(text, button);
  if (dismiss !== undefined) button.closest('.toast').remove();
  if (close !== undefined) $('#dialog').close();
  if (button?.id === 'theme') nextTheme();
  closeMenus(button && button.tagName !== 'SUMMARY' ? null : menu);
};

// What this user may not do: the way to somebody who may.
const barred = e => {
  const button = e.target.closest?.('[data-need]');
  if (!button) return;
  e.preventDefault();
  e.stopPropagation();
  closeMenus();
  ask(who.me?.claimed === false ? 'setup' : 'login', button.dataset.need, button);
};

const filtered = e => {
  const { filter } = e.target.dataset;
  if (filter) { ui.events[filter] = e.target.value; ui.events.shown = 200; repaint(); }
};

// --- keys ----------------------------------------------------------------------------------------

const stepTab = (tab, step) => {
  const all = [...tab.parentNode.querySelectorAll('[role=tab]')];
  const next = all[(all.indexOf(tab) + step + all.length) % all.length];
  next.click();
  document.getElementById(next.id).focus();
};

const treeGo = node => {
  if (!node) return;
  ui.treeAt = node.dataset.node;
  repaint();
  node.focus();
};
const fold = (node, open) => { ui.folded[open ? 'delete' : 'add'](node.dataset.node); repaint(); };

const treeKeys = (node, key) => {
  const all = [...node.closest('[role=tree]').querySelectorAll('[role=treeitem]')].filter(n => n.offsetParent);
  const at = all.indexOf(node), expanded = node.getAttribute('aria-expanded');
  const moves = {
    ArrowDown: () => treeGo(all[at + 1]), ArrowUp: () => treeGo(all[at - 1]), Home: () => treeGo(all[0]), End: () => treeGo(all.at(-1)),
    ArrowRight: () => expanded === 'false' ? fold(node, true) : expanded && treeGo(all[at + 1]),
    ArrowLeft: () => expanded === 'true' ? fold(node, false) : treeGo(node.closest('ul').parentNode.querySelector('[role=treeitem]')),
    Enter: () => expanded && fold(node, expanded === 'false'),
  };
  moves[' '] = moves.Enter;
  return moves[key];
};

const keyed = e => {
  const menu = e.target.closest?.('details.menu'), tab = e.target.closest?.('[role=tab]'), node = e.target.closest?.('[role=treeitem]');
  if (e.key === 'Escape' && menu) { menu.open = false; $('summary', menu).focus(); }
  if (tab && e.key === 'ArrowRight') stepTab(tab, 1);
  if (tab && e.key === 'ArrowLeft') stepTab(tab, -1);
  const move = node && !(node.href && /Enter| /.test(e.key)) && treeKeys(node, e.key);
  if (move) { e.preventDefault(); move(); }
  const search = $('input[type=search]');
  if (e.key === '/' && search && !/INPUT|SELECT|TEXTAREA/.test(e.target.tagName)) { e.preventDefault(); search.focus(); }
};

export const startActions = paint => {
  repaint = paint;
  document.addEventListener('click', barred, true);
  document.addEventListener('click', clicked);
  document.addEventListener('input', filtered);
  document.addEventListener('submit', e => { if (e.target.classList.contains('filters')) e.preventDefault(); });
  document.addEventListener('keydown', keyed);
  document.addEventListener('submit', taking);
  $('#dialog').addEventListener('close', closed);
  document.body.addEventListener('htmx:beforeRequest', e => { if (e.target.dataset?.expect) e.target.setAttribute('aria-busy', 'true'); });
  document.body.addEventListener('htmx:afterRequest', afterRequest);
  setInterval(settle, 1000);
};
