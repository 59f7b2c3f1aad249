// SPDX-License-Identifier: Apache-2.0
// The settings as the box has told them, and what has been changed here and is not saved.
import { call, state } from 'dashboard';
import { changed, patchOf, rebase } from './settings_draft.js';

const URL = '/api/v1/settings';

export const doc = {
  answer: null,      // of GET
  etag: null,
  now: null,         // answer.settings with what was changed here
  errors: new Map(), // pointer -> what the box says is wrong there
  ends: [],          // sessions that saving would end
  newer: false,      // the box has others by now
  both: [],          // pointers that somebody else has changed as well
  missing: false,    // this box has no settings
  event: '',         // the last one that was looked at
};

export const changes = () => doc.answer ? changed(doc.answer.settings, doc.now) : [];
export const isFixed = pointer => !doc.answer.changeable || doc.answer.fixed.includes(pointer);

// What the box has now. What was changed here stays changed.
export const adopt = ({ body, etag }) => {
  const { now, both } = doc.answer ? rebase(doc.answer.settings, doc.now, body.settings) : { now: structuredClone(body.settings), both: [] };
  Object.assign(doc, { answer: body, etag, now, both, newer: false });
};

export const read = async () => {
  const answer = await call('GET', URL);
  if (answer.ok) adopt(answer);
  doc.missing = answer.status === 404;
  return answer;
};

export const discard = () => {
  Object.assign(doc, { now: structuredClone(doc.answer.settings), ends: [], both: [], errors: new Map() });
};

// All that was changed here is the box's by now.
export const saved = ({ body, etag }) => {
  Object.assign(doc, { answer: body, etag, newer: false });
  discard();
};

// dry: nothing changes, and the answer says which sessions would end.
export const send = (patch, dry) => call('PATCH', `${URL}${dry ? '?dry_run=1' : ''}`, patch, { 'If-Match': doc.etag });
export const patch = () => patchOf(doc.answer.settings, doc.now);

const aboutSettings = /^(settings_changed|device_renamed|access_changed)$/;

// With each message of the box: has somebody changed them?
export const follow = async () => {
  const e = state.events.findLast(one => aboutSettings.test(one.type)), last = e ? `${e.boot}:${e.number}` : '';
  if (!doc.answer || last === doc.event) return false;
  doc.event = last;
  if (!changes().length) return (await read()).ok;
  const answer = await call('GET', URL);
  doc.newer = answer.ok && answer.etag !== doc.etag;
  return doc.newer;
};
