// SPDX-License-Identifier: Apache-2.0
// What whoever looks has chosen. Pages are made from this and from state.js.
export const ui = {
  flow: 'minute',     // time that charts show
  latency: 'minute',  // last minute, or 'all' since it was attached
  system: 'linux',    // of the attach command
  later: false,       // setting the first password
  away: null,         // {words, boot, uptime}: the box was told to restart
  copied: null,       // the command that was copied a moment ago
  folded: new Set(),  // paths in the topology
  treeAt: null,       // path that has the keyboard in the topology
  events: { text: '', level: 'info', busid: '', client: '', utc: false, shown: 200, paused: null },
};
