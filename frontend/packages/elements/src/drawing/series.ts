/** What a chart is made of: one axis and one or more series of numbers. Pure. */

import { type Display, type Values, fieldOf, isRecord, isRecords, rowsOfColumns } from './display.ts';
import { momentOf } from './format.ts';
import { entriesOf } from './pages.ts';
import { unitOf } from './units.ts';

export interface Series {
  name: string;
  unit: string;
  values: (number | null)[];
}

export interface ChartData {
  /** Seconds since 1970 where `isTime`, else the place of each label. */
  axis: number[];
  labels: string[];
  isTime: boolean;
  /** Whether the moments are days without a time. */
  isDays: boolean;
  /** Whether a missing value interrupts the line. */
  hasGaps: boolean;
  series: Series[];
}

/** The fewest points that say more as a line than as a table. */
const MIN_GUESSED_POINTS = 8;
const MAX_SERIES = 6;

export const rowsOf = (data: any, display: Display = {}): Values[] | null => {
  if (isRecords(data)) return data;
  if (Array.isArray(data) && data.length > 0 && data.every((value) => typeof value === 'number')) {
    return data.map((value, index) => ({ index: index + 1, value }));
  }
  if (!isRecord(data)) return null;
  const entries = entriesOf(data);
  return isRecords(entries) ? entries : rowsOfColumns(data, display.fields ? [...(display.x ? [display.x] : []), ...display.fields] : undefined);
};

/** The chart of some data; null where there is no series of numbers in it. */
export function chartData(data: any, display: Display = {}): ChartData | null {
  const rows = rowsOf(data, display);
  const [first] = rows ?? [];
  if (!rows || !first) return null;
  const names = display.fields ?? Object.keys(first);
  const x = display.x ?? Object.keys(first).find((name) => isMomentColumn(rows, name, display)) ?? names.find((name) => typeof fieldOf(first, name) === 'string') ?? '';
  const series = names
    .filter((name) => name !== x && isNumberColumn(rows, name) && !isMomentColumn(rows, name, display))
    .slice(0, MAX_SERIES)
    .map((name) => ({ name, unit: unitOf(first, name, display), values: rows.map((row) => numberOf(fieldOf(row, name))) }));
  if (series.length === 0) return null;
  const isTime = isMomentColumn(rows, x, display);
  const labels = rows.map((row, index) => String(fieldOf(row, x) ?? index + 1));
  const axis = rows.map((row, index) => (isTime ? (momentOf(fieldOf(row, x), unitOf(row, x, display))?.getTime() ?? 0) / 1000 : index));
  const isDays = isTime && labels.every((label) => label.length === 10 && label.includes('-'));
  return inOrder({ axis, labels, isTime, isDays, hasGaps: true, series });
}

/** Providers often send the newest first; a line goes to the right. */
function inOrder(chart: ChartData): ChartData {
  const order = chart.axis.map((_, index) => index).sort((one, other) => (chart.axis[one] ?? 0) - (chart.axis[other] ?? 0));
  const pick = <Item>(list: Item[]): Item[] => order.map((index) => list[index] as Item);
  return {
    ...chart,
    axis: pick(chart.axis),
    labels: pick(chart.labels),
    series: chart.series.map((one) => ({ ...one, values: pick(one.values) })),
  };
}

/** Whether data that says nothing of itself is a line: many moments in a row, with numbers. */
export function isSeries(data: any): boolean {
  const chart = chartData(data);
  return chart !== null && chart.isTime && chart.axis.length >= MIN_GUESSED_POINTS && chart.series.length <= 3;
}

const numberOf = (value: unknown): number | null => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
};

const isNumberColumn = (rows: Values[], name: string): boolean => {
  const values = rows.map((row) => fieldOf(row, name)).filter((value) => value !== null && value !== undefined);
  return values.length > 0 && values.every((value) => typeof value !== 'boolean' && numberOf(value) !== null);
};

const isMomentColumn = (rows: Values[], name: string, display: Display): boolean =>
  rows.every((row) => momentOf(fieldOf(row, name), unitOf(row, name, display)) !== null);
