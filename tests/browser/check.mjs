// SPDX-License-Identifier: Apache-2.0
// Tests by name, run in their order, counted as all suites are.
const tests = [];

export const test = (name, run) => tests.push({ name, run });

export const equal = (have, want, what = '') => {
  if (JSON.stringify(have) !== JSON.stringify(want)) throw new Error(`${what} is ${JSON.stringify(have)}, not ${JSON.stringify(want)}`);
};
export const ok = (value, what) => { if (!value) throw new Error(`not so: ${what}`); };
export const has = (text, part) => ok(text.includes(part), `"${part}" is in "${text}"`);

// Those that have one of `names` in theirs, each followed by afterEach(). Tells whether none failed.
export const runAll = async (names, afterEach) => {
  let passed = 0, failed = 0;
  for (const { name, run } of tests) {
    if (names.length && !names.some(n => name.includes(n))) continue;
    const start = Date.now();
    try {
      await run();
      passed++;
    } catch (e) {
      failed++;
      console.log(`FAILED: ${name}\n${e.stack}`);
    }
    if (process.env.USBIP_TIMES) console.log(`${String(Date.now() - start).padStart(6)} ms ${name}`);
    await afterEach();
  }
  console.log(`# tests: ${passed} passed, ${failed} failed, 0 skipped`);
  return failed === 0 && (passed > 0 || names.length > 0);
};
