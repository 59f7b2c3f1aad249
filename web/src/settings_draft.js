// SPDX-License-Identifier: Apache-2.0
// Two versions of the settings' document: what differs, and how changes go on top of another one. A
// change has the JSON pointer (RFC 6901) of its value; lists are one value. Pure functions.
const isGroup = v => v !== null && typeof v === 'object' && !Array.isArray(v);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const keys = pointer => pointer.split('/').slice(1);

export const get = (document, pointer) => keys(pointer).reduce((v, key) => v?.[key], document);

export const put = (document, pointer, value) => {
  const path = keys(pointer), last = path.pop();
  path.reduce((v, key) => v[key], document)[last] = value;
};

export const changed = (base, now, at = '') => Object.entries(now).flatMap(([key, value]) => {
  if (same(base[key], value)) return [];
  return isGroup(value) && isGroup(base[key]) ? changed(base[key], value, `${at}/${key}`) : [`${at}/${key}`];
});

// As people count: entries of a list that have come, gone or become others; 1 if only their order has.
const ofList = (a, b) => {
  const left = list => list.map(one => JSON.stringify(one));
  const [x, y] = [left(a), left(b)], lacks = (p, q) => p.filter(one => !q.includes(one)).length;
  return Math.max(lacks(x, y), lacks(y, x), 1);
};
export const count = (base, now) => changed(base, now).reduce((n, pointer) => {
  const [a, b] = [get(base, pointer), get(now, pointer)];
  return n + (Array.isArray(a) && Array.isArray(b) ? ofList(a, b) : 1);
}, 0);

// The merge patch (RFC 7396) that makes `now` of `base`; {}: they are the same.
export const patchOf = (base, now) => {
  const patch = {};
  for (const pointer of changed(base, now)) {
    const path = keys(pointer), last = path.pop();
    path.reduce((v, key) => (v[key] ??= {}), patch)[last] = get(now, pointer);
  }
  return patch;
};

// What was changed, on top of a document that somebody else has changed meanwhile. `both`: the
// pointers of what they have changed as well.
export const rebase = (base, now, fresh) => {
  const result = structuredClone(fresh), both = [];
  for (const pointer of changed(base, now)) {
    const theirs = get(fresh, pointer);
    if (theirs === undefined) continue;
    if (!same(get(base, pointer), theirs) && !same(get(now, pointer), theirs)) both.push(pointer);
    put(result, pointer, get(now, pointer));
  }
  return { now: result, both };
};

// The entry at `from` goes to `to`.
export const moved = (list, from, to) => {
  const rest = list.filter((_, i) => i !== from);
  return [...rest.slice(0, to), list[from], ...rest.slice(to)];
};
