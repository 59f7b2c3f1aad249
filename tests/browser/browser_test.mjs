// SPDX-License-Identifier: Apache-2.0
import { runAll } from './check.mjs';
import { endAll } from './rig.mjs';
import { detachAll } from './usbip_client.mjs';
import './words_test.mjs';
import './pages_test.mjs';
import './actions_test.mjs';
import './settings_draft_test.mjs';
import './settings_test.mjs';
import './names_test.mjs';
import './login_test.mjs';
import './lease_test.mjs';
import './users_test.mjs';
import './system_test.mjs';
import './link_test.mjs';
import './keyboard_test.mjs';
import './look_test.mjs';

let good = false;
try { good = await runAll(process.argv.slice(2), detachAll); } finally { await endAll(); }
process.exit(good ? 0 : 1);
