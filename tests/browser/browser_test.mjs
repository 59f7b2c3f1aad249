// SPDX-License-Identifier: Apache-2.0
// usage: browser_test.mjs HALF [NAME...]    one half of the tests, 1 or 2: two run at a time
import { runAll } from './check.mjs';
import { endAll } from './rig.mjs';
import { detachAll } from './usbip_client.mjs';

const halves = [['words', 'pages', 'actions', 'settings_draft', 'settings', 'names'],
  ['login', 'lease', 'users', 'system', 'https', 'link', 'keyboard', 'look']];
const [half, ...names] = process.argv.slice(2);
for (const file of [...halves[half - 1], 'seen']) await import(`./${file}_test.mjs`);

let good = false;
try { good = await runAll(names, detachAll); } finally { await endAll(); }
process.exit(good ? 0 : 1);
