/** What numbers were: a small line beside what they are, and a chart with ranges behind it. */

import type { Series } from '@patchbay/client';

import { type Child, h, svg } from '../dom.ts';
import { type IconName, icon } from '../icons.ts';
import { drawPlot } from './chart.ts';
import { type Display, own } from './display.ts';
import { writeText } from './format.ts';
import { labelOf } from './records.ts';
import type { ChartData } from './series.ts';
import { guessUnit } from './units.ts';

export type LoadHistory = (span: { since: string; points: number }) => Promise<Series[]>;

const RANGES = [{ since: '24h', label: '24 h' }, { since: '7d', label: '7 d' }, { since: '30d', label: '30 d' }];
const SPARKLINE_POINTS = 60;
const CHART_POINTS = 300;

/** Fills `place` with the last day as a line; pressed, it shows the chart. Without two samples there is none. */
export async function fillHistory(place: HTMLElement, display: Display, load: LoadHistory): Promise<void> {
  // Without its past, what is now is shown all the same.
  const series = await load({ since: '24h', points: SPARKLINE_POINTS }).catch(() => []);
  const [first] = series;
  if (!first || first.points.length < 2) return place.replaceChildren();
  const unit = unitOfField(first.field, display);
  const name = labelOf(first.field, display, unit);
  place.replaceChildren(
    h('button', { type: 'button', class: 'sparkline', part: 'sparkline', title: 'Show the history', onclick: () => openHistory(place, display, load) }, [
      drawSparkline(first.points),
      h('span', { class: 'visually-hidden' }, `History of ${name}: `),
      drawTrend(first.points, unit),
    ]),
  );
}

const unitOfField = (field: string, display: Display): string => own(display.units, field) ?? guessUnit(field, 0);

const WIDTH = 100;
const HEIGHT = 30;

/** The path of a line through points, from corner to corner of a box; flat in the middle when nothing changes. */
export function pathOf(points: readonly (readonly number[])[]): string {
  const [times, values] = [points.map(([at = 0]) => at), points.map(([, value = 0]) => value)];
  const [start, low] = [Math.min(...times), Math.min(...values)];
  const [span, height] = [Math.max(...times) - start, Math.max(...values) - low];
  const x = (at: number): number => (span > 0 ? ((at - start) / span) * WIDTH : 0);
  const y = (value: number): number => (height > 0 ? HEIGHT - 2 - ((value - low) / height) * (HEIGHT - 4) : HEIGHT / 2);
  return points.map(([at = 0, value = 0], index) => `${index === 0 ? 'M' : 'L'} ${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join(' ');
}

function drawSparkline(points: readonly (readonly number[])[]): SVGElement {
  const line = pathOf(points);
  return svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, [
    svg('path', { class: 'sparkline-area', d: `${line} L ${WIDTH} ${HEIGHT} L 0 ${HEIGHT} Z` }),
    svg('path', { class: 'sparkline-line', d: line }),
  ]);
}

/** The time from the first to the last sample; a day, where that is about what was asked for. */
const writeSpan = (seconds: number): string => (seconds > 20 * 3600 ? '24 h' : writeText(seconds, 'seconds'));

/** How much a value changed, and which way. */
function drawTrend(points: readonly (readonly number[])[], unit: string): Child {
  const change = (points.at(-1)?.[1] ?? 0) - (points[0]?.[1] ?? 0);
  const towards: IconName = change > 0 ? 'up' : change < 0 ? 'down' : 'even';
  const written = writeText(Math.abs(change), unit);
  return h('span', { class: 'trend' }, icon(towards), h('span', { class: 'visually-hidden' }, change > 0 ? 'up' : change < 0 ? 'down' : 'unchanged'), ` ${written} in ${writeSpan((points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0))}`);
}

/** Series as a chart: one axis with the moments of all. */
export function chartOfSeries(series: readonly Series[], display: Display): ChartData | null {
  const known = series.filter(({ points }) => points.length > 0);
  const axis = [...new Set(known.flatMap(({ points }) => points.map(([at = 0]) => at)))].sort((one, other) => one - other);
  if (axis.length < 2) return null;
  return {
    axis, isTime: true, isDays: false, hasGaps: false,
    labels: axis.map(String),
    series: known.map(({ field, points }) => {
      const values = new Map(points.map(([at = 0, value = 0]) => [at, value]));
      return { name: field, unit: unitOfField(field, display), values: axis.map((at) => values.get(at) ?? null) };
    }),
  };
}

function openHistory(beside: HTMLElement, display: Display, load: LoadHistory): void {
  const place = h('div', { class: 'history-chart' });
  const choices = RANGES.map(({ since, label }) => h('button', { type: 'button', class: 'button', 'data-since': since, onclick: () => void choose(since) }, label));
  let chosen = '';
  const choose = async (since: string): Promise<void> => {
    chosen = since;
    for (const choice of choices) choice.setAttribute('aria-pressed', String(choice.dataset.since === since));
    const drawn = await drawRange(since, display, load);
    // A slower answer to an earlier choice is for nobody.
    if (chosen === since) place.replaceChildren(drawn);
  };
  const close = h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('close'));
  const dialog = h('dialog', { class: 'wide', 'aria-label': 'History', onclose: () => dialog.remove() }, [
    h('header', { class: 'dialog-head' }, 'History', h('div', { class: 'ranges', role: 'group', 'aria-label': 'Range' }, choices), close),
    place,
  ]);
  beside.after(dialog);
  dialog.showModal();
  void choose(RANGES[0]?.since ?? '');
}

async function drawRange(since: string, display: Display, load: LoadHistory): Promise<HTMLElement> {
  try {
    const chart = chartOfSeries(await load({ since, points: CHART_POINTS }), display);
    return chart ? drawPlot(chart, display, 'line') : h('p', { class: 'none' }, 'Nothing was kept in this time.');
  } catch (error) {
    return h('p', { class: 'none', role: 'alert' }, error instanceof Error ? error.message : 'The history cannot be read.');
  }
}
