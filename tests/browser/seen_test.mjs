// SPDX-License-Identifier: Apache-2.0
// What all tests before have seen.
import { equal, test } from './check.mjs';
import { seen } from './rig.mjs';

test('seen_no_request_to_others', () => equal([...new Set(seen.foreign)], []));
test('seen_nothing_that_the_policy_forbids', () => equal(seen.csp, []));
test('seen_no_error_in_scripts', () => equal(seen.errors, []));
