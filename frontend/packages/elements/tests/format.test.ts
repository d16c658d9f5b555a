import { beforeAll, expect, test, vi } from 'vitest';

import { momentOf, weatherOf, writeDistance, writeMoment, writeText } from '../src/drawing/index.ts';

beforeAll(() => void vi.stubGlobal('navigator', { language: 'en-GB' }));

test.each([
  [9_663_676_416, 'bytes', '9.7 GB'],
  [999_600, 'B', '1 MB'],
  [0, 'bytes', '0 B'],
  [512, 'bytes/s', '512 B/s'],
  [-1500, 'bytes', '-1.5 kB'],
  [94_000_000, 'bit/s', '94 Mbit/s'],
  [0.07, '', '0.07'],
  [0.000_423, '', '0.000423'],
  [1.1721, '', '1.1721'],
  [1.1721, '°C', '1.17°C'],
  [0.0125, '', '0.0125'],
  [1234.567, '', '1,234.57'],
  [21.4, '°C', '21.4°C'],
  [12, 'km/h', '12 km/h'],
  [42.4, '%', '42%'],
  [0.424, 'ratio', '42%'],
  [3.14, 'percent', '3.1%'],
  [93_784, 'seconds', '1 d 2 h'],
  [185, 's', '3 min 5 s'],
  [3600, 's', '1 h'],
  [0, 's', '0 s'],
  [0.012, 's', '12 ms'],
  [1500, 'ms', '2 s'],
  [12_400, 'compact', '12.4k'],
  [1999, 'year', '1999'],
  [1234.5, 'EUR', '€1,234.50'],
  [0.000_012_34, 'USD', '$0.00001234'],
  [5, 'XQQ', 'XQQ 5.00'],
])('%d in %s reads %s', (value, unit, expected) => {
  expect(writeText(value, unit).replaceAll('\u00a0', ' ')).toBe(expected);
});

test.each([
  ['2026-05-04', '', '2026-05-04T00:00:00.000Z'],
  ['2026-05-04T10:30:00Z', '', '2026-05-04T10:30:00.000Z'],
  [1_700_000_000, 'epoch', '2023-11-14T22:13:20.000Z'],
  [1_700_000_000_000, 'epoch_ms', '2023-11-14T22:13:20.000Z'],
  [1_700_000_000, '', undefined],
  ['2026', '', undefined],
  ['2026-99-99', '', undefined],
  ['soon', 'epoch', undefined],
  [null, 'epoch', undefined],
])('%j in %s is the moment %s', (value, unit, expected) => {
  expect(momentOf(value, unit)?.toISOString()).toBe(expected);
});

test('a bare day has no time, and its year only when it is another one', () => {
  vi.setSystemTime('2026-06-01');
  expect(writeMoment('2026-05-04', new Date('2026-05-04'))).toBe('Mon 4 May');
  expect(writeMoment('2025-05-04', new Date('2025-05-04'))).toBe('4 May 2025');
  expect(writeMoment('2026-05-04T10:30:00Z', new Date('2026-05-04T10:30:00Z'))).toBe('4 May, 10:30');
  expect(writeMoment('2025-05-04T10:30:00Z', new Date('2025-05-04T10:30:00Z'))).toBe('4 May 2025, 10:30');
  vi.useRealTimers();
});

test.each([
  [-3, 'now'], [-300, '5 minutes ago'], [-86_400, 'yesterday'], [7200, 'in 2 hours'], [-50, '50 seconds ago'],
])('%d seconds away reads %s', (seconds, expected) => {
  expect(writeDistance(seconds)).toBe(expected);
});

test('a weather code is an icon and words', () => {
  expect(weatherOf(61)).toEqual({ icon: 'rain', words: 'Rain' });
  expect(weatherOf(12)).toBeNull();
});
