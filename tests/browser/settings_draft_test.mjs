// SPDX-License-Identifier: Apache-2.0
// What has been changed and is not saved, and addresses in blocks: no browser needed.
import { equal, ok, test } from './check.mjs';
import { changed, count, get, moved, patchOf, put, rebase } from '../../web/src/settings_draft.js';
import { address, contains } from '../../web/src/settings_address.js';

const document = () => ({ host_name: 'box', limits: { max_urbs: 256, silent_s: 60 }, access: { mode: 'open', allow: [], rules: [] } });
const changedTo = more => { const d = document(); for (const [p, v] of Object.entries(more)) put(d, p, v); return d; };

test('draft_a_patch_has_only_what_differs', () => {
  equal(patchOf(document(), document()), {});
  const now = changedTo({ '/limits/silent_s': null, '/access/allow': [{ address: '10.0.0.7' }] });
  equal(changed(document(), now), ['/limits/silent_s', '/access/allow']);
  equal(patchOf(document(), now), { limits: { silent_s: null }, access: { allow: [{ address: '10.0.0.7' }] } });
  equal(get(now, '/access/allow/0/address'), '10.0.0.7');
});

test('draft_changes_are_counted_as_people_do', () => {
  const list = (...names) => changedTo({ '/access/allow': names.map(address => ({ address })) });
  equal(count(document(), changedTo({ '/access/mode': 'closed', '/host_name': 'x' })), 2);
  equal(count(document(), list('a', 'b')), 2);
  equal(count(list('a', 'b'), list('b', 'a')), 1, 'another order');
  equal(count(list('a', 'b'), list('a', 'c')), 1, 'another entry');
  equal(count(list('a', 'b'), list()), 2);
});

test('draft_goes_on_top_of_what_others_have_changed', () => {
  const mine = changedTo({ '/access/mode': 'closed', '/limits/max_urbs': 64 });
  const theirs = changedTo({ '/limits/max_urbs': 128, '/host_name': 'rack' });
  const { now, both } = rebase(document(), mine, theirs);
  equal([now.access.mode, now.limits.max_urbs, now.host_name], ['closed', 64, 'rack']);
  equal(both, ['/limits/max_urbs']);
  equal(rebase(document(), mine, mine).both, [], 'the same change of both');
});

test('draft_moves_entries', () => {
  equal(moved(['a', 'b', 'c'], 2, 0), ['c', 'a', 'b']);
  equal(moved(['a', 'b', 'c'], 0, 1), ['b', 'a', 'c']);
});

test('address_blocks_contain_what_the_server_says', () => {
  for (const [block, inside] of [['10.0.0.0/28', '10.0.0.15'], ['10.0.0.7', '10.0.0.7'], ['10.0.0.0/28', '::ffff:10.0.0.3'], ['0.0.0.0/0', '203.0.113.9'],
    ['fd00:12::/64', 'fd00:12::7'], ['2001:db8::7', '2001:0db8:0:0:0:0:0:7'], ['fe80::/10', 'fe80::1%eth0'], ['::/0', 'fd00::1'], ['::/0', '10.0.0.1']]) {
    ok(contains(block, inside), `${inside} is in ${block}`);
  }
  for (const [block, outside] of [['10.0.0.0/28', '10.0.0.16'], ['10.0.0.7', '10.0.0.8'], ['0.0.0.0/0', 'fd00::1'], ['fd00:12::/64', 'fd00:12:0:1::7'], ['10.0.0.0/28', 'x'], ['x', '10.0.0.1']]) {
    ok(!contains(block, outside), `${outside} is not in ${block}`);
  }
  for (const none of ['', '10.0.0', '10.0.0.300', '1::2::3', '1:2:3', 'g::1', ':::']) equal(address(none), null, none);
});
