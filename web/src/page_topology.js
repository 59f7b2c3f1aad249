// SPDX-License-Identifier: Apache-2.0
// What is plugged in where. A tree as WAI-ARIA describes it: one stop for Tab, arrows inside.
import { html, icon } from './html.js';
import { state } from './state.js';
import { ui } from './ui.js';
import { plural, speedName } from './words.js';
import { boxName, darkPorts, devicePath, fetches, ghosts, plugButton, powerButton, product, simulateButton, stateCell, unpluggedName, unpluggedPorts, usable } from './parts.js';

const open = path => !ui.folded.has(path);
const at = path => ui.treeAt === path ? 0 : -1;

const item = (path, level, owns, kind, inside) => html`<span class="node ${kind}" role="treeitem" id="node-${path}" data-node="${path}" aria-level="${level}" tabindex="${at(path)}" ${owns ? html`aria-expanded="${String(open(path))}" aria-owns="under-${path}"` : ''}>${inside}</span>`;

const group = (path, level, ports) => html`<ul role="group" id="under-${path}" ${open(path) ? '' : html`hidden`}>${ports.map(p => port(p, level))}</ul>`;

const number = p => html`<span class="port">port ${p.port}</span>`;

const hub = (p, level) => {
  const { hub: h } = p, free = h.free ? `${h.free} free` : 'none free';
  const speed = state.devices.get(p.path)?.speed ?? p.device?.speed;
  return html`<li role="none">${item(p.path, level, true, '', html`${icon('hub', 'big')}<span class="cut">${number(p)} <b>${h.product || 'Hub'}</b> <span class="soft">${plural(h.ports, 'port')}, ${free}</span></span><span class="sp soft">${speedName(speed)}</span><span></span>`)}${group(p.path, level + 1, p.ports ?? [])}</li>`;
};

const device = (p, level) => {
  const d = state.devices.get(p.path) ?? p.device;
  const why = usable(d) || !d.obstacle ? '' : html`<span class="why">${d.obstacle.text} <strong>${d.obstacle.help}</strong></span>`;
  return html`<li role="none"><a class="node" role="treeitem" id="node-${p.path}" data-node="${p.path}" aria-level="${level}" tabindex="${at(p.path)}" href="${devicePath(p.path)}">${icon(d.kind, 'big')}<span class="cut">${number(p)} <b>${d.name}</b> <span class="soft">${product(d) || d.id}</span></span><span class="sp soft">${speedName(d.speed)}</span>${stateCell(d, !why)}${why}</a></li>`;
};

const empty = (p, level) => html`<li role="none">${item(p.path, level, false, 'empty', html`${icon('port', 'big')}<span class="cut">${number(p)} <span class="soft">${p.power && !p.power.on ? 'has no power' : p.unplugged ? `empty: ${unpluggedName(p)} is not plugged in` : 'empty'}</span></span><span class="sp soft"></span><span></span>`)}</li>`;

const port = (p, level) => p.hub ? hub(p, level) : p.device || state.devices.has(p.path) ? device(p, level) : empty(p, level);

const bus = b => {
  const path = `bus-${b.bus}`;
  return html`<li role="none">${item(path, 1, b.ports.length > 0, 'bus', html`${icon('box', 'big')}<span class="cut"><b>Bus ${b.bus}</b> <span class="soft">${b.name}</span></span><span class="sp soft">${b.mbps} Mbit/s</span><span></span>`)}${b.ports.length ? group(path, 2, b.ports) : ''}</li>`;
};

const tree = () => {
  if (!state.topology) return html`<div id="p-tree">${ghosts('Topology')}</div>`;
  ui.treeAt ??= state.topology.length ? `bus-${state.topology[0].bus}` : null;
  return html`<div id="p-tree">${state.topology.length ? html`<ul class="tree stack" role="tree" aria-label="USB buses of ${boxName()}">${state.topology.map(bus)}</ul>` : html`<p class="soft">There is no USB bus here yet.</p>`}</div>`;
};

const dark = () => html`<div id="p-dark">${darkPorts().length ? html`<section aria-labelledby="h-dark"><div class="head"><h2 id="h-dark">Ports without power</h2></div><div class="row">${darkPorts().filter(p => p.power.switching === 'single').map(powerButton)}</div></section>` : ''}</div>`;

const simulated = () => state.status?.simulated ? html`<section id="p-sim" aria-labelledby="h-sim"><div class="head"><h2 id="h-sim">Simulated devices</h2><span class="soft">to try everything without hardware</span></div><div class="row">${unpluggedPorts().map(plugButton)}${simulateButton()}</div></section>` : html`<div id="p-sim"></div>`;

export const topology = {
  title: () => 'topology',
  fetches: () => [fetches('/api/v1/topology', 'every 3s'), fetches('/api/v1/simulate')],
  parts: [() => html`<div id="p-title"><div class="title"><h1>Topology</h1></div><p class="lead">What is plugged in where, empty ports too. Arrow keys walk the tree, Enter opens a device.</p></div>`, tree, dark, simulated],
};
