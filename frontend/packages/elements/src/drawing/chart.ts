/** Lines and bars. The library that draws them is loaded with the first chart. */

import { h } from '../dom.ts';
import type { Display } from './display.ts';
import { writeDay, writeText, writeTime } from './format.ts';
import { labelOf } from './records.ts';
import { type ChartData, chartData, rowsOf } from './series.ts';
import { drawTable } from './table.ts';

export type ChartKind = 'line' | 'bars';

/** The chart of a block's data; a table where there is nothing to plot. */
export function drawChart(data: any, display: Display, kind: ChartKind): HTMLElement {
  const chart = chartData(data, display);
  return chart ? drawPlot(chart, display, kind) : drawTable(rowsOf(data, display) ?? [], display);
}

/** Legend and the place of the plot at once, in their final size, and the plot as soon as it can be drawn. */
export function drawPlot(chart: ChartData, display: Display, kind: ChartKind): HTMLElement {
  const legend = drawLegend(chart, display);
  const place = h('div', { class: 'plot' });
  const drawn = h('div', { class: 'chart', part: 'chart', role: 'img', 'aria-label': describe(chart, display) }, legend.element, place);
  // What is removed meanwhile is drawn for nobody; a page whose network fails keeps the words.
  import('./plot.ts')
    .then(({ plot }) => plot(place, chart, { kind, onPoint: legend.show }))
    .catch(() => place.append(describe(chart, display)));
  return drawn;
}

interface Legend {
  element: HTMLElement;
  /** Shows the values of a point; of the last one when nothing is pointed at. */
  show: (index: number | null) => void;
}

function drawLegend(chart: ChartData, display: Display): Legend {
  const values = chart.series.map(() => h('span', { class: 'legend-value' }));
  const at = h('li', { class: 'legend-at' });
  const items = chart.series.map(({ name, unit }, index) =>
    h('li', {}, h('span', { class: `swatch series-${index + 1}` }), labelOf(name, display, unit), values[index]),
  );
  // Of names along the axis none is the latest.
  const last = (all: readonly (number | null)[]): number | null | undefined => (chart.isTime ? all.findLast((known) => known !== null) : undefined);
  const show = (index: number | null): void => {
    chart.series.forEach(({ values: all, unit }, series) => {
      const value = index === null ? last(all) : all[index];
      values[series]?.replaceChildren(typeof value === 'number' ? writeText(value, unit) : index === null ? '' : '–');
    });
    at.textContent = index === null ? '' : writePoint(chart, chart.axis[index] ?? 0);
  };
  show(null);
  return { element: h('ul', { class: 'legend' }, items, at), show };
}

/** A point of the axis in words. */
export function writePoint({ labels, isTime, isDays }: ChartData, value: number): string {
  if (!isTime) return labels[Math.round(value)] ?? '';
  const at = new Date(value * 1000);
  return isDays ? writeDay(at, 'UTC') : `${writeDay(at)}, ${writeTime(at)}`;
}

/** The chart in words, for those who do not see it: the last value of each series, and between which ends it moves. */
export function describe({ series }: ChartData, display: Display): string {
  return series.map(({ name, unit, values }) => {
    const known = values.filter((value) => value !== null);
    const say = (value: number | undefined): string => writeText(value ?? 0, unit);
    return `${labelOf(name, display, unit)}: ${say(known.at(-1))}, between ${say(Math.min(...known))} and ${say(Math.max(...known))}`;
  }).join('; ');
}
