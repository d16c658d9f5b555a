import { expect, test, vi } from 'vitest';

import { chartOfSeries, fillHistory, pathOf } from '../src/drawing/history.ts';

const DISPLAY = { units: { temperature: '°C' }, history: {} };
const SERIES = { field: 'temperature', points: [[0, 20], [3600, 22.5]] };

test.each([
  [[[0, 0], [10, 5]], 'M 0.0 28.0 L 100.0 2.0'],
  [[[0, 7], [5, 7], [10, 7]], 'M 0.0 15.0 L 50.0 15.0 L 100.0 15.0'],
  [[[3, 7]], 'M 0.0 15.0'],
])('the line through %j is %s', (points, path) => {
  expect(pathOf(points)).toBe(path);
});

test('series with moments of their own share an axis', () => {
  const chart = chartOfSeries([SERIES, { field: 'humidity', points: [[1800, 60]] }, { field: 'gone', points: [] }] as never, DISPLAY);
  expect(chart?.axis).toEqual([0, 1800, 3600]);
  expect(chart?.series).toEqual([
    { name: 'temperature', unit: '°C', values: [20, null, 22.5] },
    { name: 'humidity', unit: '', values: [null, 60, null] },
  ]);
  expect(chartOfSeries([], DISPLAY)).toBeNull();
});

test('a value says how it changed', async () => {
  const place = document.createElement('div');
  await fillHistory(place, DISPLAY, async () => [SERIES] as never);
  expect(place.querySelector('button')?.textContent).toBe('History of Temperature: up 2.5°C in 1 h');
});

test.each([
  ['nothing was kept', async () => []],
  ['one sample was kept', async () => [{ field: 'temperature', points: [[0, 1]] }]],
  ['it cannot be read', async () => { throw new Error('no'); }],
])('when %s, the rest is shown all the same', async (_, load) => {
  const place = document.createElement('div');
  await fillHistory(place, DISPLAY, load as never);
  expect(place.childElementCount).toBe(0);
});

test('the chart is drawn for the range that was chosen last', async () => {
  HTMLDialogElement.prototype.showModal ??= () => {};
  const load = vi.fn(async ({ since }: { since: string }) => (since === '24h' ? [SERIES] : []) as never);
  const place = document.createElement('div');
  document.body.append(place);
  await fillHistory(place, DISPLAY, load);
  place.querySelector('button')?.click();
  const dialog = document.querySelector('dialog');
  await vi.waitFor(() => expect(dialog?.querySelector('.chart')).not.toBeNull());
  dialog?.querySelector<HTMLElement>('[data-since="7d"]')?.click();
  await vi.waitFor(() => expect(dialog?.textContent).toContain('Nothing was kept in this time.'));
  expect(dialog?.querySelector('[aria-pressed=true]')?.textContent).toBe('7 d');
  expect(load.mock.calls.map(([span]) => span.since)).toEqual(['24h', '24h', '7d']);
});
