// SPDX-License-Identifier: Apache-2.0
// Without a browser: text, figures, and the putting together of what the box tells.
import { equal, ok, test } from './check.mjs';
import { html } from '../../web/src/html.js';
import { bytes, byBusid, count, dump, milliseconds, moment, rate, span, spanParts } from '../../web/src/words.js';
import { lasted, state, takeAnswer, takeLive } from '../../web/src/state.js';

const nb = '\u00a0';

test('words_markup_is_escaped', () => {
  equal(String(html`<b title="${'"\'<&>'}">${'<img onerror=x>'}</b>`), '<b title="&quot;&#39;&lt;&amp;&gt;">&lt;img onerror=x&gt;</b>');
  equal(String(html`${[html`<i>${'<'}</i>`, '<', null, false, 0]}`), '<i>&lt;</i>&lt;0');
});

test('words_figures_have_three_digits_and_si_units', () => {
  equal(bytes(0), '0');
  equal(bytes(999), `999${nb}B`);
  equal(bytes(999.7), `1.00${nb}kB`);
  equal(bytes(6420000), `6.42${nb}MB`);
  equal(bytes(412345), `412${nb}kB`);
  equal(bytes(999999), `1.00${nb}MB`);
  equal(bytes(null), '');
  equal(rate(0.2), '0');
  equal(rate(18200), `18.2${nb}kB/s`);
  equal(count(24918330), '24\u2009918\u2009330');
  equal(milliseconds(0.00038), '0.38');
  equal(milliseconds(0.000001), '0.001');
  equal(milliseconds(0), '<0.001');
  equal(milliseconds(null), null);
});

test('words_spans_have_two_units', () => {
  equal(spanParts(59.9), [[59, 's']]);
  equal(spanParts(184), [[3, 'min'], ['04', 's']]);
  equal(span(184), `3${nb}min`);
  equal(span(8040), `2${nb}h 14${nb}min`);
  equal(span(86400 * 6 + 3600 * 3), `6${nb}d 3${nb}h`);
  equal(span(-1), `0${nb}s`);
});

test('words_busids_are_sorted_as_people_count', () => {
  equal(['2-1', '1-10', '1-2.1', '1-2', '1-1.4.4'].sort(byBusid), ['1-1.4.4', '1-2', '1-2.1', '1-10', '2-1']);
});

test('words_descriptors_are_dumped_in_lines_of_16', () => {
  equal(dump('12011002ef020140' + '83044f3700010102' + '0301'), '0000  12 01 10 02 ef 02 01 40  83 04 4f 37 00 01 01 02\n0010  03 01');
});

test('words_a_moment_without_a_clock_is_the_time_since_the_start', () => {
  equal(moment({ time: null, uptime_s: 12.34 }, false), `+12.3${nb}s`);
  const at = { time: '2026-11-30T13:32:06.123Z' };
  equal(moment(at, true, new Date('2026-11-30T14:00:00Z')), '13:32:06');
  equal(moment(at, true, new Date('2026-12-02T14:00:00Z')), '30 Nov 13:32');
});

const device = (busid, more = {}) => ({ busid, name: busid, ...more });
const told = more => takeLive({ full: false, uptime_s: 10, time: null, devices: [], gone: [], ...more });

test('state_deltas_change_what_they_name', () => {
  told({ full: true, status: { boot: 1, limits: { a: 1 } }, devices: [device('1-10'), device('1-2')] });
  equal([...state.devices.keys()], ['1-2', '1-10']);
  ok(told({ uptime_s: 11, gone: ['1-2'], devices: [device('1-3')] }).devices, 'the set of devices has changed');
  equal([...state.devices.keys()], ['1-3', '1-10']);
  ok(!told({ uptime_s: 12, devices: [device('1-3', { name: 'x' })] }).devices, 'the set is the same');
  told({ uptime_s: 12, status: { boot: 1 } });
  equal(state.status.limits, { a: 1 }, 'what a short status leaves out');
  equal(state.devices.get('1-3').name, 'x');
  told({ full: true, uptime_s: 13, devices: [] });
  equal(state.devices.size, 0);
});

test('state_what_lasts_goes_on_between_messages', () => {
  told({ uptime_s: 20, devices: [device('1-1')] });
  told({ uptime_s: 25 });
  equal(lasted(100, state.devices.get('1-1').at), 105);
});

test('state_events_come_once_and_in_order', () => {
  const e = number => ({ number, boot: 1, uptime_s: number, level: 'info', type: 't', text: 'x' });
  equal(told({ events: [e(2), e(3)] }).events.length, 2);
  equal(told({ events: [e(3), e(4)] }).events.map(x => x.number), [4]);
  takeAnswer('/api/v1/events', { events: [e(1), e(2)] });
  equal(state.events.map(x => x.number), [1, 2, 3, 4]);
});

test('state_history_joins_what_came_live', () => {
  state.minute = [];
  told({ uptime_s: 30, figures: { in_bytes_per_s: 9, out_bytes_per_s: 1, devices: {} } });
  const series = { in: [null, 5, 6], out: [null, 0, 0] };
  takeAnswer('/api/v1/history', { uptime_s: 29.5, minute: { step_s: 0.5, points: 3, all: series, devices: {} }, hour: { step_s: 30, all: series, devices: {} } });
  equal(state.minute.map(p => [p.x, p.in]), [[29, 5], [29.5, 6], [30, 9]]);
});

test('state_a_new_run_forgets_the_old_ones_figures', () => {
  told({ uptime_s: 1, status: { boot: 2 } });
  equal(state.minute, []);
  equal(state.hour, null);
});
