// SPDX-License-Identifier: Apache-2.0
// Settings that are one value each, as forms made from the document: what a port does not have is not
// in it. The unit is the end of the key.
import { boxName, bytes, capital, html, span, state } from 'dashboard';
import { backup } from './settings_backup.js';
import { certificate, readCertificate } from './settings_certificate.js';
import { doc } from './settings_document.js';
import { get } from './settings_draft.js';
import { choices, field, section } from './settings_parts.js';
import { factoryReset, program, restart } from './settings_restart.js';

const names = {
  host_name: ['Name', () => `found as ${doc.now.host_name || '…'}.local`],
  max_connections: ['Connections at most'], max_devices: ['Devices at most'], max_urbs: ['URBs in flight, of a device'],
  session_budget_kib: ['Their data, of a device'], total_budget_kib: ['Their data, in all'],
  silent_s: ['A silent client keeps its device for'], max_urb_kib: ['Longest URB'],
  addressing: ['Address'], address: ['Address'], netmask: ['Netmask'], gateway: ['Gateway'], dns: ['DNS server'], sntp_server: ['Time server', () => 'empty: none'],
  bus1_speed: ['Bus 1'], bus2_speed: ['Bus 2'],
};
const words = {
  addressing: [['dhcp', 'From the network (DHCP)', 'The network says which.'], ['static', 'A fixed address', 'If it does not work, the old one comes back by itself.']],
  bus1_speed: [['high', 'Bus 1 at high speed', 'Full-speed devices cannot work behind a high-speed hub.'], ['full', 'Bus 1 at full speed', 'Every device works behind every hub, at 12 Mbit/s at most.']],
};

const asPeople = (key, value) => typeof value !== 'number' ? '' : key.endsWith('_kib') ? `KiB, that is ${bytes(value * 1024)}` : key.endsWith('_s') ? `seconds, that is ${span(value).replace(/ 0\D+$/, '')}` : '';

const one = pointer => {
  const key = pointer.split('/').at(-1), [name, hint] = names[key] ?? [capital(key.replace(/_/g, ' '))];
  return words[key] ? choices(pointer, name, words[key]) : field(pointer, name, hint ? hint() : asPeople(key, get(doc.now, pointer)));
};

const group = (path, keys) => keys.filter(key => get(doc.answer.settings, `${path}/${key}`) !== undefined).map(key => one(`${path}/${key}`));
const all = path => group(path, Object.keys(get(doc.answer.settings, path)));
const pairs = inside => html`<div class="pair stack">${inside}</div>`;

export const network = {
  name: 'Network', has: s => s.network || s.usb,
  sections: () => {
    const { network: n, usb } = doc.now, rest = Object.keys(n ?? {}).filter(key => key !== 'addressing' && key !== 'sntp_server');
    const now = state.status?.network.addresses.join(', ');
    return html`${n ? section('nw', 'Network', now && `${now} now`, html`${group('/network', ['addressing'])}${n.addressing === 'dhcp' ? '' : pairs(group('/network', rest))}${pairs(group('/network', ['sntp_server']))}`) : ''}${usb ? section('usb', 'USB ports', '', Object.keys(usb).filter(key => words[key]).map(key => one(`/usb/${key}`))) : ''}`;
  },
};

export const system = {
  name: 'System', has: () => true, about: /^certificate_changed/, enter: readCertificate,
  sections: () => html`${program()}${section('name', `What ${boxName()} is called`, '', pairs(group('', ['host_name'])))}${doc.now.limits ? section('limits', 'Limits', 'empty: what the port has by itself', pairs(all('/limits'))) : ''}${backup()}${certificate()}${restart()}${factoryReset()}`,
};
