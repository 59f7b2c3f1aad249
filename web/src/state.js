// SPDX-License-Identifier: Apache-2.0
// What the box has told: the answers to GET and the messages of /api/v1/live, put together. Knows
// neither page nor network.
import { byBusid } from './words.js';

const EVENTS_KEPT = 1500, MINUTE_S = 60;

export const state = {
  status: null,       // as GET /api/v1/status
  devices: new Map(), // busid -> as GET /api/v1/devices, with at: the box's uptime when it was told
  sessions: [],       // those that have a device
  events: [],         // oldest first
  details: new Map(), // busid -> as GET /api/v1/devices/BUSID
  topology: null,
  kinds: null,        // that can be simulated
  minute: [],         // {x: uptime_s, in, out, devices: {busid: {in, out}}}
  hour: null,         // as in GET /api/v1/history, with end: the uptime of its last point
  uptime: 0,
  time: null,
};

// Seconds that something has lasted by now, from what it had lasted when the box told it.
export const lasted = (seconds, at) => seconds + Math.max(0, state.uptime - at);

// The clock of the box at one of its uptimes, in ms; null if it has no time of day.
export const clockAt = uptime => state.time && Date.parse(state.time) + (uptime - state.uptime) * 1000;

const mark = (thing, at) => { thing.at = at; return thing; };

const moments = (uptime, time) => {
  if (uptime == null) return;
  state.uptime = uptime;
  state.time = time ?? null;
};

const key = e => `${e.boot}:${e.number}`;

const takeEvents = (list, boot) => {
  if (!list?.length) return [];
  const known = new Set(state.events.map(key));
  const news = list.map(e => ({ boot, ...e })).filter(e => !known.has(key(e)));
  if (!news.length) return news;
  state.events = [...state.events, ...news].sort((a, b) => a.boot - b.boot || a.number - b.number)
    .slice(-EVENTS_KEPT);
  return news;
};

// The box has started anew: what hangs on its uptime is over.
const newRun = boot => {
  if (state.status && boot != null && state.status.boot !== boot) {
    state.minute = [];
    state.hour = null;
    state.details.clear();
  }
};

const takeFigures = (figures, uptime) => {
  if (!figures) return;
  const last = state.minute.at(-1);
  if (last && last.x >= uptime) return;
  state.minute.push({ x: uptime, in: figures.in_bytes_per_s, out: figures.out_bytes_per_s, devices: figures.devices ?? {} });
  state.minute = state.minute.filter(p => p.x > uptime - MINUTE_S - 2);
};

// A message of /api/v1/live. Tells what it changed: whether other devices are there, the new events.
export const takeLive = message => {
  newRun(message.status?.boot);
  moments(message.uptime_s, message.time);
  const before = [...state.devices.keys()].join();
  if (message.full) state.devices = new Map();
  for (const busid of message.gone ?? []) { state.devices.delete(busid); state.details.delete(busid); }
  for (const d of message.devices ?? []) {
    state.devices.set(d.busid, mark(d, state.uptime));
    const detail = state.details.get(d.busid);
    if (detail) Object.assign(detail, d);
  }
  state.devices = new Map([...state.devices].sort((a, b) => byBusid(a[0], b[0])));
  if (message.sessions) state.sessions = message.sessions.map(s => mark(s, state.uptime));
  if (message.status) state.status = { ...state.status, ...message.status };
  takeFigures(message.figures, message.uptime_s);
  return { events: takeEvents(message.events, state.status?.boot), devices: before !== [...state.devices.keys()].join() };
};

const series = (all, devices, i) => ({
  in: all.in[i], out: all.out[i],
  devices: Object.fromEntries(Object.entries(devices ?? {}).map(([busid, d]) => [busid, { in: d.in[i], out: d.out[i] }])),
});

const takeHistory = answer => {
  const { minute, hour, uptime_s: end } = answer;
  const old = minute.all.in.map((_, i) => ({ x: end - (minute.all.in.length - 1 - i) * minute.step_s, ...series(minute.all, minute.devices, i) }))
    .filter(p => p.in != null);
  state.minute = [...old, ...state.minute.filter(p => p.x > end)];
  state.hour = { ...hour, end };
};

// What each GET brings; the busid is what "{busid}" stands for.
const answers = [
  [/^\/api\/v1\/devices\/(.+)$/, (d, busid) => {
    state.details.set(busid, mark(d, state.uptime));
  }],
  [/^\/api\/v1\/topology$/, a => { state.topology = a.buses; }],
  [/^\/api\/v1\/events$/, a => { takeEvents(a.events, state.status?.boot); }],
  [/^\/api\/v1\/history$/, takeHistory],
  [/^\/api\/v1\/simulate$/, a => { state.kinds = a.kinds; }],
];

export const takeAnswer = (path, answer) => {
  for (const [pattern, take] of answers) {
    const match = pattern.exec(path);
    if (match) return take(answer, decodeURIComponent(match[1] ?? ''));
  }
};

// 404: the page says so instead of waiting.
export const takeMissing = path => {
  if (path === '/api/v1/simulate') state.kinds = [];
};
