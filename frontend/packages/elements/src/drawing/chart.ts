/** Lines and bars. The library that draws them is loaded with the first chart. */

import { h } from '../dom.ts';
import type { Display } from './display.ts';
import { writeText } from './format.ts';
import { drawTable, labelOf } from './records.ts';
import { type ChartData, chartData, rowsOf } from './series.ts';

export type ChartKind = 'line' | 'bars';

/** A place for the chart at once, and the chart as soon as it can be drawn; a table where there is nothing to plot. */
export function drawChart(data: any, display: Display, kind: ChartKind): HTMLElement {
  const chart = chartData(data, display);
  if (!chart) return drawTable(rowsOf(data, display) ?? [], display);
  const place = h('div', { class: 'chart', part: 'chart', role: 'img', 'aria-label': describe(chart, display) });
  // What is removed meanwhile is drawn for nobody; a page whose network fails keeps the words.
  import('./plot.ts').then(({ plot }) => plot(place, chart, display, kind)).catch(() => place.append(describe(chart, display)));
  return place;
}

/** The chart in words, for those who do not see it: the last value of each series, and between which ends it moves. */
export function describe({ series }: ChartData, display: Display): string {
  return series.map(({ name, unit, values }) => {
    const known = values.filter((value) => value !== null);
    const say = (value: number | undefined): string => writeText(value ?? 0, unit);
    return `${labelOf(name, display)}: ${say(known.at(-1))}, between ${say(Math.min(...known))} and ${say(Math.max(...known))}`;
  }).join('; ');
}
