/** Charts by uPlot, in the colours of the page. */

import uPlot from 'uplot';
import uPlotStyle from 'uplot/dist/uPlot.min.css?inline';

import type { ChartKind } from './chart.ts';
import { writeShortDay, writeText, writeTime } from './format.ts';
import type { ChartData } from './series.ts';
import { PLOT_HEIGHT } from './styles.ts';

export interface PlotOptions {
  kind: ChartKind;
  height?: number;
  /** Called with the index of the point under the pointer, null when it has left. */
  onPoint?: (index: number | null) => void;
}

const FONT_PIXELS = 11;

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

/** All of the room that the place has, never less than what is reserved. */
const heightOf = (place: HTMLElement): number => Math.max(PLOT_HEIGHT, place.clientHeight);

export function plot(place: HTMLElement, chart: ChartData, options: PlotOptions): void {
  const root = place.getRootNode();
  if (!(root instanceof ShadowRoot || root instanceof Document)) return;
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  let shown: uPlot | null = null;
  const draw = (): void => {
    shown?.destroy();
    shown = new uPlot(optionsFor(place, chart, options), [chart.axis, ...chart.series.map(({ values }) => values)] as uPlot.AlignedData, place);
  };
  draw();
  drawn.set(place, draw);
  const sizes = new ResizeObserver(() => {
    if (!place.isConnected) sizes.disconnect();
    else if (place.clientWidth > 0) shown?.setSize({ width: place.clientWidth, height: options.height ?? heightOf(place) });
  });
  sizes.observe(place);
}

function optionsFor(place: HTMLElement, chart: ChartData, { kind, height = heightOf(place), onPoint }: PlotOptions): uPlot.Options {
  const ink = colourOf(place, 'var(--ink-soft)');
  const line = colourOf(place, 'var(--line)');
  const units = new Set(chart.series.map(({ unit }) => unit));
  const unit = units.size === 1 ? ([...units][0] ?? '') : '';
  const axis = { stroke: ink, font: `${FONT_PIXELS}px ${getComputedStyle(place).fontFamily}`, ticks: { show: false } };
  const isLabelled = !chart.isTime || chart.isDays;
  return {
    width: Math.max(120, place.clientWidth),
    height,
    padding: [8, 6, 0, 0],
    cursor: { y: false, x: kind === 'line', drag: { x: false, y: false }, points: { size: 7 } },
    legend: { show: false },
    scales: {
      x: { time: !isLabelled, range: kind === 'bars' ? barRange(chart) : undefined },
      // Bars that do not begin at zero lie.
      y: kind === 'bars' ? { range: (_, low, high) => uPlot.rangeNum(Math.min(0, low), Math.max(0, high), 0.1, true) } : {},
    },
    hooks: { setCursor: [({ cursor }) => onPoint?.(cursor.idx ?? null)] },
    axes: [
      {
        ...axis, size: 24, gap: 4, space: 64, grid: { show: false },
        splits: isLabelled ? () => pointsToLabel(chart, place.clientWidth) : undefined,
        values: (_, points) => labelsOf(chart, points),
      },
      {
        ...axis, gap: 6, space: 36, grid: { stroke: line, width: 1 },
        size: (_, values) => 12 + 6.1 * Math.max(0, ...(values ?? []).map((text) => text.length)),
        values: (_, points) => points.map((value) => writeText(value, unit)),
      },
    ],
    series: [{}, ...chart.series.map((_, index) => seriesOf(place, chart, index, kind))],
  };
}

function seriesOf(place: HTMLElement, chart: ChartData, index: number, kind: ChartKind): uPlot.Series {
  const name = `var(--series-${index + 1})`;
  const stroke = colourOf(place, name);
  if (kind === 'bars') return { stroke, fill: colourOf(place, `color-mix(in srgb, ${name} 82%, transparent)`), width: 0, points: { show: false }, paths: uPlot.paths.bars?.({ size: [0.72, 44], radius: 0.12 }) };
  const isAlone = chart.series.length === 1;
  const shade = (percent: number): string => colourOf(place, `color-mix(in srgb, ${name} ${percent}%, transparent)`);
  const fill = isAlone ? fade(shade(26), shade(1)) : undefined;
  return { stroke, fill, width: 2, spanGaps: !chart.hasGaps, points: { show: chart.axis.length < 3 }, paths: uPlot.paths.spline?.() };
}

/** An area that fades out towards the axis. */
const fade = (above: string, below: string) => (chart: uPlot): CanvasGradient => {
  const { top, height } = chart.bbox;
  const gradient = chart.ctx.createLinearGradient(0, top, 0, top + Math.max(1, height));
  gradient.addColorStop(0, above);
  gradient.addColorStop(1, below);
  return gradient;
};

/** Half a step of room at both ends, for the halves of the first and the last bar. */
function barRange({ axis }: ChartData): [number, number] {
  const [first, last] = [axis[0] ?? 0, axis.at(-1) ?? 0];
  const half = axis.length > 1 ? (last - first) / (axis.length - 1) / 2 : 0.5;
  return [first - half, last + half];
}

const CHARACTER_PIXELS = 6;

/** As many of the points as have room for their label. */
function pointsToLabel(chart: ChartData, width: number): number[] {
  const { axis } = chart;
  const longest = Math.max(...labelsOf(chart, axis).map((label) => label.length));
  const room = Math.max(1, Math.floor((width - 40) / (longest * CHARACTER_PIXELS + 10)));
  const step = Math.max(1, Math.ceil(axis.length / room));
  return axis.filter((_, index) => index % step === 0);
}

const MAX_LABEL = 16;
const LONG_SECONDS = 2 * 86_400;

/** A label for each point; a day that repeats is said once. */
function labelsOf({ axis, labels, isTime, isDays }: ChartData, points: readonly number[]): string[] {
  if (!isTime) return points.map((value) => labels[Math.round(value)] ?? '').map((label) => (label.length > MAX_LABEL ? `${label.slice(0, MAX_LABEL - 1)}…` : label));
  const isLong = isDays || (axis.at(-1) ?? 0) - (axis[0] ?? 0) > LONG_SECONDS;
  const written = points.map((value) => new Date(value * 1000)).map((at) => (isLong ? writeShortDay(at, isDays ? 'UTC' : undefined) : writeTime(at)));
  return written.map((label, index) => (label === written[index - 1] ? '' : label));
}

/** A canvas takes no `var()` and no `light-dark()`: an element that has the colour tells what it is. */
function colourOf(place: HTMLElement, colour: string): string {
  const before = place.style.color;
  place.style.color = colour;
  const resolved = getComputedStyle(place).color;
  place.style.color = before;
  return resolved;
}
