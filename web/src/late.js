// SPDX-License-Identifier: Apache-2.0
// Scripts that come when they are needed: <body data-NAME="..."> says where each is. They import what
// they share with this one from 'dashboard' (shared.js).
const there = {}, coming = {};

// Null: it has not come yet.
export const lateNow = name => there[name] ?? null;

export const late = name => coming[name] ??= import(document.body.dataset[name]).then(module => (there[name] = module), e => {
  delete coming[name]; // so that the next one tries again
  throw e;
});
