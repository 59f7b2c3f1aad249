// SPDX-License-Identifier: Apache-2.0
// Figures, times and USB's terms as people read them. SI units, three significant digits.
import { html } from './html.js';

const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];

// [figure, unit] of a number of bytes.
export const scaled = (n, unit) => {
  let step = 0;
  while (Number(n.toPrecision(3)) >= 1000 && step < prefixes.length - 1) { n /= 1000; step++; }
  const digits = n >= 100 || step === 0 ? 0 : n >= 10 ? 1 : 2;
  return [n.toFixed(digits), prefixes[step] + unit];
};

export const bytes = n => n == null ? '' : n === 0 ? '0' : scaled(n, 'B').join('\u00a0');
export const rate = n => n == null ? '' : n < 0.5 ? '0' : scaled(n, 'B/s').join('\u00a0');
export const rateCell = n => n == null ? '' : n < 0.5 ? html`<span class="zero">0</span>` : rate(n);
export const count = n => n == null ? '' : String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, '\u2009');
export const plural = (n, one, many = one + 's') => `${count(n)} ${n === 1 ? one : many}`;

// A span of time as pairs of figure and unit: the two largest units.
export const spanParts = s => {
  s = Math.max(0, Math.floor(s));
  const two = n => String(n).padStart(2, '0');
  if (s < 60) return [[s, 's']];
  if (s < 3600) return [[Math.floor(s / 60), 'min'], [two(s % 60), 's']];
  if (s < 86400) return [[Math.floor(s / 3600), 'h'], [Math.floor(s / 60) % 60, 'min']];
  return [[Math.floor(s / 86400), 'd'], [Math.floor(s / 3600) % 24, 'h']];
};

// In a sentence: seconds only below a minute, so that it does not change all the time.
export const span = s => {
  const parts = spanParts(s);
  return (parts[1]?.[1] === 's' ? parts.slice(0, 1) : parts).map(p => p.join('\u00a0')).join(' ');
};

// The box counts whole microseconds: 0 is less than one.
export const milliseconds = s => s == null ? null : s === 0 ? '<0.001' : Number((s * 1000).toPrecision(3)).toString();

export const speeds = {
  low: ['Low', '1.5\u00a0Mbit/s'], full: ['Full', '12\u00a0Mbit/s'], high: ['High', '480\u00a0Mbit/s'],
  super: ['Super', '5\u00a0Gbit/s'], super_plus: ['Super+', '10\u00a0Gbit/s'], unknown: ['', ''],
};
export const speedName = speed => speeds[speed]?.[0] ? `${speeds[speed][0]} speed` : '';

export const capital = text => text.charAt(0).toUpperCase() + text.slice(1);

export const dump = hex => hex.match(/.{1,32}/g)?.map((line, i) =>
  `${(i * 16).toString(16).padStart(4, '0')}  ${line.match(/../g).join(' ').replace(/^(.{23}) /, '$1  ')}`)
  .join('\n') ?? '';

const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };

// The time of an event, in the zone of whoever reads or in UTC. Without a time of day: seconds since
// the start of the run.
export const moment = (event, utc, now = new Date()) => {
  if (!event.time) return `+${event.uptime_s.toFixed(1)}\u00a0s`;
  const at = new Date(event.time), zone = utc ? { timeZone: 'UTC' } : {};
  const text = at.toLocaleTimeString('en-GB', { ...clock, ...zone });
  const day = d => d.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...zone });
  return day(at) === day(now) ? text : `${day(at)} ${text.slice(0, 5)}`;
};
// When something ends: a minute is enough.
export const deadline = time => moment({ time }).replace(/^(\d+:\d+):\d+$/, '$1');
export const clockTime = ms => new Date(ms).toLocaleTimeString('en-GB', clock);
export const clockMinute = ms => clockTime(ms).slice(0, 5);
export const timeTag = (event, utc = false) => html`<time ${event.time ? html`datetime="${event.time}"` : ''}
  title="${event.time ? `${event.time.slice(0, 10)} ${event.time.slice(11, 19)} UTC` : 'since the start: the time of day was not known'}">${moment(event, utc)}</time>`;

// Bus ids in the order people count: 1-2 before 1-10.
const numbers = busid => busid.split(/[-.]/).map(Number);
export const byBusid = (a, b) => {
  const x = numbers(a), y = numbers(b);
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    if (x[i] !== y[i]) return (x[i] ?? -1) - (y[i] ?? -1);
  }
  return 0;
};
