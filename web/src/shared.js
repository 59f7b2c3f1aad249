// SPDX-License-Identifier: Apache-2.0
// What scripts that come later use of this one: there is one state, and one dialog.
export { html, icon } from './html.js';
export { state, lasted } from './state.js';
export { bytes, capital, plural, span } from './words.js';
export { boxName, clients, command, deviceName, devicePath, facts, ghosts, holder, product, shown } from './parts.js';
export { call } from './call.js';
export { askLogin, failed, openDialog, paintNow, say } from './actions.js';
export { toast } from './toast.js';
export { ui } from './ui.js';
export { asks } from './actions_device.js';
export { lacks, may, needs, who } from './who.js';
export { atField, field, newPassword, plainNote } from './login.js';
