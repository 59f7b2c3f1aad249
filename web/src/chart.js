// SPDX-License-Identifier: Apache-2.0
// Throughput over time. Lines are SVG and the numbers around them HTML: theme, a lost connection and
// forced colours reach them as they reach everything else.
import { html } from './html.js';
import { state, clockAt } from './state.js';
import { ui } from './ui.js';
import { clockMinute, clockTime, rate, scaled } from './words.js';

const SECONDS = { minute: 60, hour: 3600 };
const LABEL_MS = 10000; // a text alternative that changes all the time is none

const tops = new Map(), labels = new Map();

// A page is opened: scales and text alternatives start afresh.
export const forgetScales = () => { tops.clear(); labels.clear(); };

const hourPoints = busid => {
  const { hour } = state;
  const of = hour && (busid ? hour.devices[busid] : hour.all);
  if (!of) return [];
  return of.in.map((n, i) => ({ x: hour.end - (of.in.length - 1 - i) * hour.step_s, in: n, out: of.out[i] }));
};

const minutePoints = busid => busid === '' ? state.minute
  : state.minute.map(p => ({ x: p.x, in: p.devices[busid]?.in ?? 0, out: p.devices[busid]?.out ?? 0 }));

const points = busid => ui.flow === 'hour' ? hourPoints(busid) : minutePoints(busid);

// 1, 2 or 5 times a power of ten, and never less than before: figures stand still.
const nice = n => {
  const power = 10 ** Math.floor(Math.log10(n)), k = n / power;
  return (k <= 1 ? 1 : k <= 2 ? 2 : k <= 5 ? 5 : 10) * power;
};
const highest = list => list.reduce((n, p) => Math.max(n, p.in ?? 0, p.out ?? 0), 0);
const topOf = (busid, list) => {
  const id = `${ui.flow}:${busid}`, top = Math.max(tops.get(id) ?? 1000, nice(Math.max(highest(list), 1)));
  tops.set(id, top);
  return top;
};

const words = (name, list, key) => {
  const known = list.map(p => p[key]).filter(n => n != null);
  if (!known.length) return `${name}: not known yet.`;
  const mean = known.reduce((a, b) => a + b) / known.length;
  return `${name}: now ${rate(known.at(-1))}, mean ${rate(mean)}, highest ${rate(Math.max(...known))}.`;
};

const label = (busid, list, name) => {
  const id = `${ui.flow}:${busid}`, old = labels.get(id);
  if (old && Date.now() - old.at < LABEL_MS) return old.text;
  const text = `Throughput of ${name}, last ${ui.flow}. ${words('In', list, 'in')} ${words('Out', list, 'out')}`;
  if (list.length) labels.set(id, { at: Date.now(), text });
  return text;
};

const yLabels = top => {
  const [n, unit] = scaled(top, 'B/s'), tidy = x => Number(x.toPrecision(2));
  return html`<div class="plot-y"><span>${tidy(Number(n))} ${unit}</span><span>${tidy(Number(n) / 2)}</span><span>0</span></div>`;
};

const xLabels = () => {
  const length = SECONDS[ui.flow];
  return html`<div class="plot-x">${[1, 0.75, 0.5, 0.25, 0].map(part => {
    const back = length * part, ms = clockAt(state.uptime - back);
    const ago = ui.flow === 'hour' ? `${back / 60} min ago` : `${back} s ago`;
    return html`<span>${ms ? (ui.flow === 'hour' ? clockMinute : clockTime)(ms) : back ? ago : 'now'}</span>`;
  })}</div>`;
};

// A line breaks where nothing is known.
const path = (list, key, place) => {
  let pen = 'M';
  return list.map(p => {
    if (p[key] == null) { pen = 'M'; return ''; }
    const step = `${pen}${place(p, p[key])}`;
    pen = 'L';
    return step;
  }).join('');
};

const lines = (busid, list) => {
  const top = topOf(busid, list), start = state.uptime - SECONDS[ui.flow];
  const x = at => ((at - start) / SECONDS[ui.flow] * 1000).toFixed(1), place = (p, n) => `${x(p.x)} ${(160 - n / top * 160).toFixed(1)}`;
  const seen = list.filter(p => p.x >= start), ins = path(seen, 'in', place), known = seen.filter(p => p.in != null);
  const fill = known.length ? `M${x(known[0].x)} 160L${known.map(p => place(p, p.in)).join('L')}L${x(known.at(-1).x)} 160Z` : '';
  return html`<svg viewBox="0 0 1000 160" preserveAspectRatio="none" aria-hidden="true"><path class="grid" d="M0 0H1000M0 80H1000"/><path class="base" d="M0 160H1000"/><path class="fill" d="${fill}"/><path class="in" d="${ins}"/><path class="out" d="${path(seen, 'out', place)}"/></svg>`;
};

export const plot = (busid, name) => {
  const list = points(busid);
  return html`<div class="plot" role="img" aria-label="${label(busid, list, name)}">${yLabels(topOf(busid, list))}<div class="plot-draw" data-chart="${busid}">${lines(busid, list)}<div class="plot-tip" id="tip" data-keep aria-hidden="true" hidden></div></div>${xLabels()}</div>`;
};

export const timeSwitch = () => html`<div class="seg" role="group" aria-label="Time shown">${['minute', 'hour'].map(t =>
  html`<button type="button" id="flow-${t}" aria-pressed="${String(ui.flow === t)}" data-set="flow:${t}">Last ${t}</button>`)}</div>`;

const key = kind => html`<svg class="key" viewBox="0 0 18 8" aria-hidden="true"><path class="${kind}" d="M0 4H18"/></svg>`;
export const legend = () => html`<p class="small soft">${key('in')} In, from the device &ensp; ${key('out')} Out, to the device</p>`;

const now = n => {
  const [figure, unit] = n == null ? ['', ''] : rate(n).split('\u00a0');
  return html`<dd>${figure} <small>${unit ?? 'B/s'}</small></dd>`;
};

export const flowPart = () => {
  const rates = state.status?.rates;
  return html`<section class="flow" id="p-flow" aria-labelledby="h-flow"><div class="flow-side"><h2 id="h-flow">Throughput</h2><dl><div><dt>${key('in')}In, from devices</dt>${now(rates?.in_bytes_per_s)}</div><div><dt>${key('out')}Out, to devices</dt>${now(rates?.out_bytes_per_s)}</div></dl>${timeSwitch()}</div><figure>${plot('', 'all devices')}</figure></section>`;
};

export const spark = busid => {
  const list = minutePoints(busid), top = Math.max(...list.map(p => p.in ?? 0), 0), end = state.uptime;
  const path = list.map((p, i) => `${i ? 'L' : 'M'}${(100 - (end - p.x) / 0.6).toFixed(1)} ${(22 - (p.in ?? 0) / top * 20).toFixed(1)}`).join('');
  return html`<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true"><path class="base" d="M0 23H100"/>${top ? html`<path class="in" d="${path}"/>` : ''}</svg>`;
};

// What the pointer is on, in figures.
const point = e => {
  const box = e.target.closest?.('[data-chart]'), tip = document.getElementById('tip');
  if (!tip) return;
  tip.hidden = true;
  if (!box) return;
  const { left, width } = box.getBoundingClientRect(), part = (e.clientX - left) / width;
  const at = state.uptime - SECONDS[ui.flow] * (1 - part);
  const near = points(box.dataset.chart).reduce((a, p) => a && Math.abs(a.x - at) <= Math.abs(p.x - at) ? a : p, null);
  if (near?.in == null) return;
  const ms = clockAt(near.x);
  tip.textContent = `${ms ? `${clockTime(ms)}  ` : ''}In ${rate(near.in)}  Out ${rate(near.out)}`;
  tip.hidden = false;
};

export const startCharts = () => document.addEventListener('pointermove', point, { passive: true });
