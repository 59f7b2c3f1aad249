// SPDX-License-Identifier: Apache-2.0
// The connection to the box: found lost within 3 s, tried again with growing pauses of random
// length (a restarted box is not met by all its pages at once), paused while nobody looks. The
// WebSocket itself, and what its messages do, is htmx's.
import htmx from 'htmx.org';

const SILENCE_MS = 2900, OPENING_MS = 5000, WATCH_MS = 250, FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 10000, NEVER_MS = 2 ** 31 - 1;

export const link = { state: 'opening', since: null, retryAt: null, problem: null };

let socket = null, reconnect = null, tries = 0, timer = 0, heardAt = 0, watchedAt = 0, changed = () => {}, opened = () => {};

// full: between half and all of the pause.
const pause = n => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** n) * (0.5 + Math.random() / 2);

const set = (name, more = {}) => { Object.assign(link, { state: name, ...more }); changed(); };

// Why not: the box says so to a plain request ("too many dashboards", "log in"), but a WebSocket cannot tell.
const askWhy = async () => {
  try {
    const answer = await fetch('/api/v1/live', { headers: { Accept: 'application/problem+json' } });
    link.problem = [401, 503].includes(answer.status) ? await answer.json() : null;
  } catch { link.problem = null; }
  changed();
};

const open = () => { clearTimeout(timer); link.retryAt = null; reconnect?.(); };

const tryLater = () => {
  clearTimeout(timer);
  if (document.hidden) return;
  const ms = pause(tries++);
  link.retryAt = Date.now() + ms;
  timer = setTimeout(open, ms);
};

const lost = () => {
  socket?.close();
  socket = null;
  if (document.hidden) { set('paused'); return; }
  if (link.state !== 'lost') set('lost', { since: Date.now(), problem: null });
  tryLater();
  askWhy();
};

const heard = () => {
  heardAt = Date.now();
  tries = 0;
  if (link.state === 'live') return;
  set('live', { since: null, retryAt: null, problem: null });
  opened();
};

// A browser that was busy, or a computer that slept, has heard nothing either: what came meanwhile is
// read after this. Only time in which the page could listen counts as silence.
const watch = () => {
  const now = Date.now(), missed = now - watchedAt - WATCH_MS;
  watchedAt = now;
  if (missed > WATCH_MS) heardAt = Math.min(now, heardAt + missed);
  const silence = socket ? now - heardAt : 0;
  if (silence > (link.state === 'live' ? SILENCE_MS : OPENING_MS)) lost();
  else if (link.state === 'lost') changed(); // counts down
};

const looked = () => {
  if (document.hidden) { clearTimeout(timer); socket?.close(); socket = null; set('paused'); } else {
    tries = 0;
    open();
  }
};

export const tryNow = () => { tries = 0; open(); };

// start(): `whenChanged` after each change of link, `whenOpened` with the first message of each connection.
export const startLink = (whenChanged, whenOpened) => {
  changed = whenChanged;
  opened = whenOpened;
  htmx.config.wsReconnectDelay = () => NEVER_MS; // the pauses are ours: "Try now", hidden pages
  htmx.createWebSocket = url => {
    socket?.close();
    socket = new WebSocket(url);
    heardAt = Date.now();
    return socket;
  };
  document.body.addEventListener('htmx:wsClose', e => {
    reconnect = e.detail.socketWrapper.reconnect;
    if (e.detail.event.target === socket) lost();
  });
  document.body.addEventListener('htmx:wsOpen', e => {
    reconnect = e.detail.socketWrapper.reconnect;
    if (document.hidden) looked();
  });
  document.body.addEventListener('htmx:wsBeforeMessage', heard);
  document.addEventListener('visibilitychange', looked);
  watchedAt = Date.now();
  setInterval(watch, WATCH_MS);
};
