/** Charts by uPlot, in the colours of the page. */

import uPlot from 'uplot';
import uPlotStyle from 'uplot/dist/uPlot.min.css?inline';

import type { ChartKind } from './chart.ts';
import type { Display } from './display.ts';
import { writeDay, writeText, writeTime } from './format.ts';
import { labelOf } from './records.ts';
import type { ChartData } from './series.ts';

const HEIGHT = 180;
const SERIES_COLOURS = [1, 2, 3, 4, 5, 6].map((number) => `--series-${number}`);

const sheet = new CSSStyleSheet();
sheet.replaceSync(uPlotStyle);

/** What has to be drawn again when the colours of the page change. */
const drawn = new Map<HTMLElement, () => void>();
const redrawAll = (): void => {
  for (const [place, redraw] of [...drawn]) {
    if (place.isConnected) redraw();
    else drawn.delete(place);
  }
};
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);
new MutationObserver(() => requestAnimationFrame(redrawAll)).observe(document.documentElement, {
  attributes: true,
  attributeFilter: ['class', 'style', 'data-theme'],
});

export function plot(place: HTMLElement, chart: ChartData, display: Display, kind: ChartKind): void {
  const root = place.getRootNode();
  if (!(root instanceof ShadowRoot || root instanceof Document)) return;
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  let shown: uPlot | null = null;
  const draw = (): void => {
    shown?.destroy();
    shown = new uPlot(optionsFor(place, chart, display, kind), [chart.axis, ...chart.series.map(({ values }) => values)] as uPlot.AlignedData, place);
  };
  draw();
  drawn.set(place, draw);
  const sizes = new ResizeObserver(() => {
    if (!place.isConnected) sizes.disconnect();
    else if (place.clientWidth > 0) shown?.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  sizes.observe(place);
}

function optionsFor(place: HTMLElement, chart: ChartData, display: Display, kind: ChartKind): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string): string => resolveColour(place, name);
  const [ink, line] = [colour('--ink-soft'), colour('--line')];
  const units = new Set(chart.series.map(({ unit }) => unit));
  const unit = units.size === 1 ? ([...units][0] ?? '') : '';
  const write = (value: number | null, of: string): string => (value === null ? '–' : writeText(value, of));
  const label = (value: number): string => labelOfPoint(chart, value);
  const axis = { stroke: ink, font: `11px ${style.fontFamily}`, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const lastIndex = chart.axis.length - 1;
  return {
    width: Math.max(120, place.clientWidth),
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    cursor: { y: false, points: { size: 6 } },
    legend: { show: true, live: true },
    scales: {
      x: { time: chart.isTime && !chart.isDays, range: kind === 'bars' ? barRange(chart) : undefined },
      // Bars that do not begin at zero lie.
      y: kind === 'bars' ? { range: (_, low, high) => uPlot.rangeNum(Math.min(0, low), Math.max(0, high), 0.1, true) } : {},
    },
    axes: [
      { ...axis, size: 26, grid: { show: false }, splits: chart.isTime && !chart.isDays ? undefined : () => pointsToLabel(chart, place.clientWidth), values: (_, points) => points.map(label) },
      { ...axis, size: (_, values) => 14 + 6.2 * Math.max(0, ...(values ?? []).map((text) => text.length)), values: (_, points) => points.map((value) => write(value, unit)) },
    ],
    series: [
      { label: labelOf(display.x ?? (chart.isTime ? 'time' : ''), display), value: (_, value) => (value === null ? label(chart.axis[lastIndex] ?? 0) : label(value)) },
      ...chart.series.map(({ name, unit: own, values }, index) => ({
        label: labelOf(name, display),
        stroke: colour(SERIES_COLOURS[index] ?? '--accent'),
        fill: kind === 'bars' ? colour(SERIES_COLOURS[index] ?? '--accent') : undefined,
        width: kind === 'bars' ? 0 : 1.75,
        points: { show: chart.axis.length < 3 },
        paths: kind === 'bars' ? uPlot.paths.bars?.({ size: [0.7, 40], radius: 0.15 }) : undefined,
        value: (_: uPlot, value: number | null) => write(value ?? (values[lastIndex] ?? null), own),
      })),
    ],
  };
}

/** Half a step of room at both ends, for the halves of the first and the last bar. */
function barRange({ axis }: ChartData): [number, number] {
  const [first, last] = [axis[0] ?? 0, axis.at(-1) ?? 0];
  const half = axis.length > 1 ? (last - first) / (axis.length - 1) / 2 : 0.5;
  return [first - half, last + half];
}

/** As many of the points as have room for their label. */
function pointsToLabel({ axis }: ChartData, width: number): number[] {
  const step = Math.max(1, Math.ceil(axis.length / Math.max(1, Math.floor(width / 72))));
  return axis.filter((_, index) => index % step === 0);
}

function labelOfPoint({ axis, labels, isTime, isDays }: ChartData, value: number): string {
  if (!isTime) return labels[Math.round(value)] ?? '';
  const at = new Date(value * 1000);
  if (isDays) return writeDay(at, 'UTC');
  const isLong = (axis.at(-1) ?? 0) - (axis[0] ?? 0) > 2 * 86_400;
  return isLong ? writeDay(at) : writeTime(at);
}

/** A canvas takes no `var()` and no `light-dark()`: an element that has the colour tells what it is. */
function resolveColour(place: HTMLElement, name: string): string {
  const before = place.style.color;
  place.style.color = `var(${name})`;
  const resolved = getComputedStyle(place).color;
  place.style.color = before;
  return resolved;
}
