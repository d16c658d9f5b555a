import { expect, test, vi } from 'vitest';

import { safeUrl } from '../src/dom.ts';
import { levelOf, rowsOfColumns } from '../src/drawing/display.ts';
import { draw, kindOf } from '../src/drawing/draw.ts';
import { shareOf } from '../src/drawing/figures.ts';
import { levelOfStatus } from '../src/drawing/levels.ts';
import { project } from '../src/drawing/map.ts';
import { labelOf } from '../src/drawing/records.ts';
import { guessUnit } from '../src/drawing/units.ts';
import { chartData } from '../src/drawing/series.ts';
import { type Display, KINDS } from '../src/index.ts';

const DAYS = Array.from({ length: 10 }, (_, index) => `2026-05-${String(index + 1).padStart(2, '0')}`);
const PAGE = { title: 'A title', url: 'https://a.example/x' };
const drawn = (data: unknown, display: Display = {}): HTMLElement => draw({ data, content_type: 'application/json' }, display, 'B');

test.each<[unknown, Display, string]>([
  [21.5, {}, 'figure'],
  [true, {}, 'figure'],
  [{ a: 1, b: 'x' }, {}, 'facts'],
  [[{ a: 1 }, { a: 2 }], {}, 'table'],
  [{ days: ['a', 'b'], high: [1, 2] }, {}, 'table'],
  [{ days: ['a', 'b'], high: [1, 2, 3] }, {}, 'facts'],
  [['a', 'b'], {}, 'list'],
  [[1, 'a', null], {}, 'list'],
  [PAGE, {}, 'article'],
  [[PAGE, PAGE], {}, 'feed'],
  [{ feed: { title: 'F' }, entries: [PAGE] }, {}, 'feed'],
  [{ time: DAYS, high: DAYS.map((_, index) => index) }, {}, 'line'],
  [DAYS.map((day, index) => ({ day, high: index })), {}, 'line'],
  [[{ title: 'Standup', start: '2026-05-04T09:00:00Z' }], {}, 'timeline'],
  [{ lat: 1, lon: 2, name: 'x' }, { kind: 'map' }, 'map'],
  [{ a: 1 }, { kind: 'map' }, 'facts'],
  [{ a: 'x' }, { kind: 'line' }, 'facts'],
  ['text', { kind: 'table' }, 'figure'],
  [{ a: 1 }, { kind: 'nonsense' as never }, 'facts'],
])('%j with %j is drawn as %s', (data, display, kind) => {
  expect(kindOf(data, display)).toBe(kind);
});

test.each([null, '', [], {}, { entries: [] }])('%j shows that there is nothing', (data) => {
  expect(drawn(data).textContent).toContain('its answer is empty');
});

/** Whatever a provider sends for whatever was declared: something is drawn. */
const ODD = [
  0, -1, 1e308, true, 'x', [[]], [null], [1, 2], [{}], [{ a: { b: { c: { d: { e: 1 } } } } }], { a: null }, { a: [] },
  { title: 1, url: 2 }, { time: ['x', 'y'], v: [null, null] }, [{ start: null, title: null }], { lat: 'x', lon: null },
  { status: {} }, [PAGE, 3], { constructor: 1, toString: 2 }, JSON.parse('{"__proto__": {"a": 1}}'), { 'a.b': 1 },
];
test.each(KINDS.flatMap((kind) => ODD.map((data) => [kind, JSON.stringify(data), data] as const)))(
  'a %s of %s is something to see', (kind, _, data) => {
    expect(drawn(data, { kind, value: 'a', x: 'time', min: 'a', max: 'nope', thresholds: { a: [{ from: 0, level: 'bad' }] } })).toBeInstanceOf(HTMLElement);
  },
);

test.each([
  ['https://example.com/a?b=c', 'https://example.com/a?b=c'], [' http://example.com ', 'http://example.com/'],
  ['javascript:alert(1)', null], ['JaVaScRiPt:alert(1)', null], ['java\nscript:alert(1)', null],
  ['\u0001javascript:alert(1)', null], ['data:text/html,<script>alert(1)</script>', null], ['vbscript:x', null],
  ['file:///etc/passwd', null], ['//evil.example/x', null], ['/relative', null],
  ['https://user:password@example.com/', null], ['https://', null], ['', null], [7, null],
])('only web addresses are followed: %j', (address, followed) => {
  expect(safeUrl(address)).toBe(followed);
});

const HOSTILE = '<img src=x onerror=alert(1)><script>alert(1)</script>';
test.each(KINDS)('hostile text stays text in a %s', (kind) => {
  const record = { title: HOSTILE, name: HOSTILE, url: 'javascript:alert(1)', description: HOSTILE, status: HOSTILE, start: '2026-01-01', lat: 1, lon: 2, [HOSTILE]: HOSTILE };
  for (const data of [record, [record, record]]) {
    const element = drawn(data, { kind, links: { title: 'url' }, labels: { lat: HOSTILE } });
    expect(element.querySelector('img, script, [onerror], a[href^="javascript"]')).toBeNull();
  }
});

test('a picture is drawn, a file is a download of opaque bytes, a page is text', () => {
  const picture = draw({ data: 'AAAA', content_type: 'image/png; x=y' }, {}, 'Cam');
  expect(picture.getAttribute('src')).toBe('data:image/png;base64,AAAA');
  const file = draw({ data: 'AAAA', content_type: 'application/pdf' }, {}, 'Doc').querySelector('a');
  expect(file?.getAttribute('href')).toBe('data:application/octet-stream;base64,AAAA');
  expect(draw({ data: HOSTILE, content_type: 'text/html' }, {}, '').tagName).toBe('PRE');
  expect(draw({ data: '"><b>', content_type: 'image/png' }, {}, '').querySelector('img, b')).toBeNull();
});

test('a label leaves out the unit that stands beside the value, and writes abbreviations large', () => {
  const units = { cpu_percent: '%', left_bytes: 'B', wan_bytes_per_second: 'B/s' };
  expect(Object.keys(units).map((name) => labelOf(name, { units }))).toEqual(['CPU', 'Left', 'WAN']);
  expect(['uptime_seconds', 'video_id', 'vpnName'].map((name) => labelOf(name, {}))).toEqual(['Uptime seconds', 'Video ID', 'VPN Name']);
});

test('units, labels, levels and links are drawn by field', () => {
  const record = { used: 9e9, load: 97, page: 'Docs', href: 'https://a.example/', nested: { deep: 1 } };
  const element = drawn(record, {
    kind: 'facts', fields: ['used', 'load', 'page', 'nested.deep', 'gone'], labels: { used: 'Memory' }, units: { used: 'bytes' },
    thresholds: { load: [{ from: 80, level: 'warn' }, { from: 95, level: 'bad' }] }, links: { page: 'href' },
  });
  expect([...element.querySelectorAll('dt')].map((term) => term.textContent)).toEqual(['Memory', 'Load', 'Page', 'Nested deep']);
  expect(element.querySelector('dd')?.textContent).toBe('9\u00a0GB');
  expect(element.querySelector('[data-level=bad]')?.textContent).toBe('97');
  expect(element.querySelector('a')?.getAttribute('href')).toBe('https://a.example/');
});

test.each([
  [79, null], [80, 'warn'], [95, 'bad'], [5, 'bad'], ['80', null], [Number.NaN, null],
])('%j has the level %s', (value, level) => {
  expect(levelOf(value, [{ below: 10, level: 'bad' }, { from: 80, level: 'warn' }, { from: 95, level: 'bad' }])).toBe(level);
});

test.each([
  ['up', 'good'], ['OK', 'good'], [true, 'good'], [200, 'good'], [404, 'warn'], [503, 'bad'], ['degraded', 'warn'],
  ['Offline', 'bad'], [false, 'bad'], ['purple', null], [null, null],
])('the status %j is %s', (status, level) => {
  expect(levelOfStatus(status)).toBe(level);
});

test('a status names what is up and what is down', () => {
  const element = drawn([{ name: 'NAS', online: true }, { name: 'Router', online: false }], { kind: 'status' });
  expect([...element.querySelectorAll('li')].map((item) => [item.dataset.level, item.textContent])).toEqual([['good', 'NASUp'], ['bad', 'RouterDown']]);
});

test.each([[50, 0, 100, 0.5], [-5, 0, 100, 0], [500, 0, 100, 1], [5, 5, 5, 0]])('%d between %d and %d is %d of the way', (value, min, max, share) => {
  expect(shareOf(value, min, max)).toBe(share);
});

test('a gauge says its value, and takes its ends from fields', () => {
  const element = drawn({ used: 30, total: 60 }, { kind: 'gauge', value: 'used', max: 'total', units: { used: 'GB' } });
  expect(element.querySelector('svg')?.getAttribute('aria-label')).toBe('Used: 30\u00a0GB');
  expect(element.querySelector('.gauge-value')?.getAttribute('stroke-dasharray')).toBe('75.4 150.8');
});

test('a chart goes from the oldest to the newest, with numbers as text and gaps', () => {
  const chart = chartData([{ at: '2026-05-02', close: '2.5' }, { at: '2026-05-01', close: null }, { at: '2026-04-30', close: 1 }]);
  expect(chart).toMatchObject({ isTime: true, isDays: true, labels: ['2026-04-30', '2026-05-01', '2026-05-02'] });
  expect(chart?.series).toEqual([{ name: 'close', unit: '', values: [1, null, 2.5] }]);
});

test('seconds since 1970 along the axis are a time, and no series', () => {
  const chart = chartData({ t: [1_700_000_000, 1_700_003_600], v: [1, 2] }, { units: { t: 'epoch' } });
  expect(chart).toMatchObject({ isTime: true, axis: [1_700_000_000, 1_700_003_600] });
  expect(chart?.series.map(({ name }) => name)).toEqual(['v']);
});

test('names along the axis of bars are labels', () => {
  expect(chartData([{ name: 'a', n: 1 }, { name: 'b', n: 2 }])).toMatchObject({ isTime: false, axis: [0, 1], labels: ['a', 'b'] });
});

test('lists of equal length are rows', () => {
  expect(rowsOfColumns({ a: [1, 2], b: ['x', 'y'], c: 3 })).toEqual([{ a: 1, b: 'x' }, { a: 2, b: 'y' }]);
  expect(rowsOfColumns({ a: [1, 2] })).toBeNull();
});

test.each([
  ['one place', [[52, 13]]],
  ['the same place twice', [[52, 13], [52, 13]]],
  ['places far apart', [[-90, -180], [90, 180], [0, 0]]],
])('%s is inside the picture', (_, places) => {
  for (const { x, y } of project(places.map(([latitude = 0, longitude = 0]) => ({ latitude, longitude })))) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x).toBeLessThanOrEqual(320);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y).toBeLessThanOrEqual(180);
  }
});

test.each([
  ['cpu_percent', 12, 'percent'], ['size_bytes', 1, 'bytes'], ['milliseconds', 3, 'milliseconds'], ['weather_code', 3, 'weather_code'],
  ['created_at', 1_767_279_600, 'epoch'], ['created_at', 1_767_279_600_000, 'epoch_ms'], ['created_at', 12, ''], ['created_at', '2026-01-01', ''],
  ['id', 12_345, 'year'], ['grid', 12_345, ''], ['lat', 52.5211, 'coordinate'], ['price', 3, ''],
])('the unit of %s with %j is guessed as %j', (name, value, unit) => {
  expect(guessUnit(name, value)).toBe(unit);
});

const COINS = [{ name: 'b', price: 2, share: 0.5 }, { name: 'a', price: 10, share: 0.1 }, { name: 'c', price: null, share: 1 }];
const firstCells = (element: HTMLElement): (string | null)[] => [...element.querySelectorAll('tbody tr')].map((row) => row.firstElementChild?.textContent ?? null);
const press = (element: HTMLElement, name: string): void => [...element.querySelectorAll<HTMLElement>('th button')].find((button) => button.textContent === name)?.click();

test('a table is sorted by a press on a name, the other way by a second one, and what is missing comes last', () => {
  const element = drawn(COINS, { kind: 'table' });
  press(element, 'Price');
  expect(firstCells(element)).toEqual(['a', 'b', 'c']);
  expect(element.querySelector('th[aria-sort=descending]')?.textContent).toBe('Price');
  press(element, 'Price');
  expect(firstCells(element)).toEqual(['b', 'a', 'c']);
  press(element, 'Name');
  expect(firstCells(element)).toEqual(['a', 'b', 'c']);
});

test('parts of a whole have bars, differences have none', () => {
  const widths = (units: Record<string, string>, rows: object[]): string[] => [...drawn(rows, { kind: 'table', units }).querySelectorAll<HTMLElement>('.bar-value')].map(({ style }) => style.width);
  expect(widths({ share: 'ratio' }, COINS)).toEqual(['50.0%', '10.0%', '100.0%']);
  expect(widths({ change: '%' }, [{ change: 5 }, { change: 7 }])).toEqual([]);
  expect(widths({ load: '%' }, [{ load: 5 }, { load: 250 }])).toEqual([]);
});

test('a long list shows its beginning, and the rest when a person asks for it', () => {
  const element = drawn(Array.from({ length: 30 }, (_, index) => ({ n: index })), { kind: 'table', limit: 4 });
  expect(element.querySelectorAll('tbody tr').length).toBe(4);
  const button = [...element.querySelectorAll('button')].find(({ textContent }) => textContent === 'Show 26 more');
  button?.click();
  expect(element.querySelectorAll('tbody tr').length).toBe(30);
});

test('without a declaration the title of a row leads to its address', () => {
  const element = drawn([{ title: 'A', html_url: 'https://a.example/', n: 1 }, { title: 'B', html_url: 'javascript:alert(1)', n: 2 }], { kind: 'table' });
  expect([...element.querySelectorAll('th')].map(({ textContent }) => textContent)).toEqual(['Title', 'N']);
  expect([...element.querySelectorAll('a')].map(({ href }) => href)).toEqual(['https://a.example/']);
});

test('a status word is a badge in the colour of what it means, other words are words', () => {
  const element = drawn({ status: 'RUNNING', wan: 'ok', name: 'open' }, { kind: 'facts' });
  expect([...element.querySelectorAll<HTMLElement>('.badge')].map((badge) => [badge.textContent, badge.dataset.level])).toEqual([['Running', 'good'], ['Ok', 'good']]);
});

test('several statuses of one thing are rows of their own', () => {
  const element = drawn({ database: true, queue: false, version: '1.2' }, { kind: 'status' });
  expect([...element.querySelectorAll<HTMLElement>('li')].map(({ dataset, textContent }) => [dataset.level, textContent])).toEqual([['good', 'DatabaseUp'], ['bad', 'QueueDown']]);
});

test('HTML in texts is never seen as its source', () => {
  const entry = { title: 'A &amp; B', url: 'https://a.example/', summary: '<p>One</p><p>two<script>x</script></p>' };
  expect(drawn([entry]).textContent).toBe('A & BOne two');
  expect(drawn({ note: '<b>bold</b> claim' }).querySelector('dd')?.textContent).toBe('bold claim');
  expect(drawn({ note: '1 < 2 > 0' }).querySelector('dd')?.textContent).toBe('1 < 2 > 0');
  expect(drawn({ note: 'Take List<T> and Vec<u8>' }).querySelector('dd')?.textContent).toBe('Take List<T> and Vec<u8>');
});

test('moments of the last days are distances, of later today times, and days stay days', () => {
  vi.setSystemTime('2026-06-01T12:00:00Z');
  const element = drawn({ a: '2026-06-01T09:00:00Z', b: '2026-06-01T18:30:00Z', c: '2026-06-02', d: '2026-05-01T09:00:00Z' }, { kind: 'facts' });
  const written = [...element.querySelectorAll('dd')].map(({ textContent }) => textContent);
  expect(written[0]).toBe('3 hours ago');
  expect(written[1]).toMatch(/^(?:18:30|6:30.PM)$/);
  expect(written[2]).toMatch(/Tue/);
  expect(written[3]).not.toMatch(/ago/);
  vi.useRealTimers();
});
