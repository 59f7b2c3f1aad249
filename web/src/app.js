// SPDX-License-Identifier: Apache-2.0
// The dashboard: which page is shown, and how what the box tells gets into it. The box sends JSON
// only; an extension of htmx makes HTML of it, of answers and of messages alike, and htmx morphs
// that into the page: the same elements stay, and with them focus, selection and open menus.
import htmx from 'htmx.org';
import 'htmx-ext-ws';
import { Idiomorph } from 'idiomorph';
import { html, icon } from './html.js';
import { state, takeAnswer, takeLive, takeMissing } from './state.js';
import { link, startLink, tryNow } from './link.js';
import { settle, showTheme, startActions } from './actions.js';
import { forgetScales, startCharts } from './chart.js';
import { banner } from './frame.js';
import { concernsUsers, lacks, readMe, whoButton } from './who.js';
import './login.js';
import { capital } from './words.js';
import { ghosts } from './parts.js';
import { overview } from './page_overview.js';
import { device } from './page_device.js';
import { topology } from './page_topology.js';
import { clients } from './page_clients.js';
import { events } from './page_events.js';
import { late, lateNow } from './late.js';

export * from './shared.js';

Object.assign(htmx.config, { allowEval: false, allowScriptTags: false, includeIndicatorStyles: false, historyEnabled: false, reportValidityOfForms: true, defaultSettleDelay: 0 });

const $ = selector => document.querySelector(selector);

// --- morphing ------------------------------------------------------------------------------------

Object.assign(Idiomorph.defaults.callbacks, {
  // What follows the pointer.
  beforeNodeMorphed: old => old.dataset?.keep === undefined,
  // Whoever looks has opened or closed it, or is typing there.
  beforeAttributeUpdated: (name, node) => !(name === 'open' && node.tagName === 'DETAILS') && !(name === 'value' && node === document.activeElement),
});

// --- pages ---------------------------------------------------------------------------------------

const places = { '/': overview, '/topology': topology, '/clients': clients, '/events': events };
const nowhere = path => ({
  title: () => 'not found', fetches: () => [],
  parts: [() => html`<div id="p-title"><div class="title"><h1>There is no page ${path}</h1></div><p class="lead"><a href="/">Overview</a></p></div>`],
});

// Pages that a script has which comes when the first of them is opened: settings.
const later = (name, path) => {
  let failed = false;
  const note = html`<div class="note bad">${icon('lost')}<div><strong>This page could not be loaded</strong></div><div class="actions"><button type="button" data-reload>Try again</button></div></div>`;
  late(name).then(() => { if (placeNow() === path) show(); }, () => { failed = true; paint(); });
  return {
    title: () => name, fetches: () => [],
    parts: [() => html`<div id="p-title"><div class="title"><h1>${capital(name)}</h1></div></div>`, () => html`<div id="p-later">${failed ? note : ghosts(capital(name))}</div>`],
  };
};

const pageOf = path => {
  const [, folder, name] = /^\/(devices|settings)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (folder === 'devices' && name) return device(decodeURIComponent(name));
  if (folder === 'settings') return lateNow('settings')?.page(name) ?? later('settings', path);
  return places[path] ?? nowhere(path);
};

let page = null, painted = [];

const make = () => page.parts.map(part => String(part()));
const holdsMenu = text => $(`#${/id="([^"]+)"/.exec(text)[1]} details.menu[open]`);

// What has changed since it was painted last, as parts that htmx puts in the place of those with
// the same id. Nothing moves below an open menu: its part waits.
const changes = () => {
  let out = '';
  make().forEach((text, i) => {
    if (text === painted[i] || holdsMenu(text)) return;
    painted[i] = text;
    out += text.replace(/^<\w+/, '$& hx-swap-oob="morph"');
  });
  return out;
};

const setText = (selector, text) => { const node = $(selector); if (node.textContent !== text) node.textContent = text; };

const frame = () => {
  const name = state.status?.name ?? 'USB/IP';
  setText('#name', name);
  document.title = `${name}: ${link.state === 'lost' ? 'no connection' : page.title()}`;
  const words = { opening: 'Connecting', live: 'Live', lost: 'No connection', paused: 'Paused' };
  setText('.live', words[link.state]);
  $('.live').dataset.link = link.state;
  if (state.status) setText('#about', [name, state.status.board, `version ${state.status.version}`].filter(Boolean).join(', '));
  const button = whoButton();
  $('#who').hidden = !button;
  if (button) { setText('#who', button.text); $('#who').dataset.ask = button.ask; }
  for (const role of ['view', 'operate', 'admin']) setText(`#need-${role}`, lacks(role));
  const bar = String(banner());
  if (bar !== $('#banner').made) { Idiomorph.morph($('#banner'), bar, { morphStyle: 'innerHTML' }); $('#banner').made = bar; }
  document.documentElement.dataset.link = link.state;
};

const paint = () => {
  const out = changes();
  if (out) htmx.swap('#live', out, { swapStyle: 'none' });
  frame();
};

// --- htmx ----------------------------------------------------------------------------------------

const live = text => {
  const told = takeLive(JSON.parse(text));
  settle();
  if (told.events.some(concernsUsers)) readMe().then(paint);
  if (told.devices) setTimeout(() => htmx.trigger(document.body, 'again'));
  return changes();
};

const answer = (text, xhr) => {
  if (!xhr.getResponseHeader('Content-Type')?.startsWith('application/json')) return '';
  const { pathname } = new URL(xhr.responseURL);
  if (xhr.status === 200) takeAnswer(pathname, JSON.parse(text));
  return changes();
};

htmx.defineExtension('box', {
  transformResponse: (text, xhr) => xhr ? answer(text, xhr) : live(text),
  isInlineSwap: style => style === 'morph',
  handleSwap: (style, target, fragment) => style === 'morph' && Idiomorph.morph(target, fragment.children, { morphStyle: 'outerHTML' }),
  encodeParameters: (xhr, parameters) => {
    const all = Object.fromEntries(parameters.entries?.() ?? Object.entries(parameters));
    if (!Object.keys(all).length) return null;
    xhr.setRequestHeader('Content-Type', 'application/json');
    return JSON.stringify(all);
  },
});

// A page that nobody looks at, or that has lost its box, asks nothing; nor after what is not there.
const mayAsk = e => {
  const { verb, path } = e.detail.requestConfig;
  const busid = /^\/api\/v1\/devices\/(.+)$/.exec(path)?.[1];
  const gone = busid && state.status && !state.devices.has(decodeURIComponent(busid));
  if (verb === 'get' && (document.hidden || link.state === 'lost' || gone)) e.preventDefault();
};

const asked = ({ detail: { xhr, requestConfig } }) => {
  if (requestConfig.verb !== 'get') return;
  if (xhr.status === 404) takeMissing(new URL(xhr.responseURL).pathname);
  paint();
};

// --- places --------------------------------------------------------------------------------------

const markPlace = path => {
  for (const a of document.querySelectorAll('.nav a')) {
    const to = a.getAttribute('href'), here = to === path || (path.startsWith('/devices/') ? to === '/' : to !== '/' && path.startsWith(`${to}/`));
    if (here) a.setAttribute('aria-current', to === path ? 'page' : 'true'); else a.removeAttribute('aria-current');
  }
};

const placeNow = () => location.pathname.replace(/(.)\/$/, '$1');

const show = () => {
  const path = placeNow();
  page = pageOf(path);
  page.enter?.(location.search);
  forgetScales();
  document.documentElement.dataset.page = path === '/' ? 'index' : path.split('/')[1];
  markPlace(path);
  painted = make();
  htmx.swap('#main', painted.join('') + page.fetches().join(''), { swapStyle: 'innerHTML' });
  frame();
};

const go = e => {
  const a = e.target.closest('a[href^="/"]');
  if (!a || e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
  if (a.hasAttribute('data-plain')) return;
  e.preventDefault();
  history.pushState(null, '', a.href);
  show();
  scrollTo(0, 0);
  $('#main').focus();
};

const start = () => {
  startActions(paint);
  showTheme();
  startCharts();
  document.addEventListener('click', go);
  document.addEventListener('click', e => { if (e.target.closest('#try')) tryNow(); if (e.target.closest('[data-reload]')) show(); });
  addEventListener('popstate', show);
  for (const [name, what] of [['beforeRequest', mayAsk], ['afterRequest', asked], ['wsAfterMessage', frame]]) document.body.addEventListener(`htmx:${name}`, what);
  startLink(paint, () => { htmx.trigger(document.body, 'again'); readMe().then(paint); });
  show();
  readMe().then(paint);
};

start();
