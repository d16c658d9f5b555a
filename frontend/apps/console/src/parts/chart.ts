/** Charts over time by uPlot, in the colours of the page. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface ChartSeries {
  label: string;
  /** The name of a colour of the page, such as `--accent`. */
  colour: string;
  values: readonly (number | null)[];
  /** Drawn as a thin dashed line: what to compare with. */
  isUsual?: boolean;
}

export interface Chart {
  /** Epoch seconds. */
  at: readonly number[];
  series: readonly ChartSeries[];
  /** Bars stand on each other, in the order of the series. */
  kind: 'bars' | 'lines';
  write: (value: number) => string;
  /** Whether each point is a whole day (UTC). */
  isDaily: boolean;
  /** A moment that a vertical line marks, with a word beside it. */
  mark?: { at: number; label: string };
}

const HEIGHT = 200;

/** Draws in a place that is in the page; returns what ends it. */
export function drawChart(place: HTMLElement, chart: Chart): () => void {
  let shown: uPlot | null = null;
  const redraw = (): void => {
    shown?.destroy();
    shown = new uPlot(optionsOf(place, chart), dataOf(chart), place);
  };
  redraw();
  const sizes = new ResizeObserver(() => {
    if (place.clientWidth > 0) shown?.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  sizes.observe(place);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', redraw);
  return () => {
    sizes.disconnect();
    scheme.removeEventListener('change', redraw);
    shown?.destroy();
  };
}

/** Of bars the uppermost first, so that the lower ones are drawn before it. */
function dataOf({ at, series, kind }: Chart): uPlot.AlignedData {
  if (kind === 'lines') return [at, ...series.map(({ values }) => values)] as uPlot.AlignedData;
  const heights = series.map((_, index) => at.map((__, point) => series.slice(0, index + 1).reduce((sum, { values }) => sum + (values[point] ?? 0), 0)));
  return [at, ...heights.reverse()] as uPlot.AlignedData;
}

function optionsOf(place: HTMLElement, { at, series, kind, write, isDaily, mark }: Chart): uPlot.Options {
  const [ink, line] = [colourOf(place, '--ink-soft'), colourOf(place, '--line')];
  const axis = { stroke: ink, font: `11px ${getComputedStyle(place).fontFamily}`, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const step = (at[1] ?? 0) - (at[0] ?? 0);
  const drawn = kind === 'bars' ? [...series].reverse() : series;
  return {
    width: Math.max(120, place.clientWidth),
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    legend: { show: true, live: true },
    tzDate: isDaily ? (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC') : undefined,
    scales: {
      x: { time: true, range: (_, low, high) => [low - step / 2, high + step / 2] },
      y: { range: (_, __, high) => [0, Math.max(1, (high || 0) * 1.1)] },
    },
    axes: [
      { ...axis, size: 28, grid: { show: false }, values: (_, points) => points.map((point) => labelOf(point, step, at, isDaily)) },
      { ...axis, size: (_, values) => 16 + 6.4 * Math.max(1, ...(values ?? []).map((text) => text.length)), values: (_, points) => points.map(write) },
    ],
    hooks: mark ? { draw: [(shown) => drawMark(shown, mark, colourOf(place, '--bad'), axis.font)] } : {},
    series: [
      { label: 'Time', value: (_, value) => (value === null ? '–' : momentOf(value, isDaily)) },
      ...drawn.map(({ label, colour, values, isUsual }) => ({
        label,
        stroke: colourOf(place, colour),
        fill: kind === 'bars' ? colourOf(place, colour) : undefined,
        width: kind === 'bars' ? 0 : isUsual ? 1 : 1.75,
        dash: isUsual ? [4, 4] : undefined,
        spanGaps: false,
        points: { show: kind === 'lines' && !isUsual ? undefined : false, size: 4 },
        paths: kind === 'bars' ? uPlot.paths.bars?.({ size: [0.72, 36] }) : undefined,
        value: (_: uPlot, __: number | null, ___: number, point: number | null) => writeAt(values, point, write),
      })),
    ],
  };
}

function drawMark({ ctx, bbox, valToPos }: uPlot, { at, label }: { at: number; label: string }, colour: string, font: string): void {
  const x = Math.round(valToPos(at, 'x', true));
  ctx.save();
  Object.assign(ctx, { strokeStyle: colour, fillStyle: colour, lineWidth: devicePixelRatio, textBaseline: 'top', font: font.replace('11px', `${11 * devicePixelRatio}px`) });
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  const isLate = x > bbox.left + bbox.width * 0.8;
  ctx.textAlign = isLate ? 'right' : 'left';
  ctx.fillText(label, x + (isLate ? -4 : 4) * devicePixelRatio, bbox.top);
  ctx.restore();
}

const writeAt = (values: readonly (number | null)[], point: number | null, write: (value: number) => string): string => {
  const value = point === null ? null : values[point];
  return value === null || value === undefined ? '–' : write(value);
};

const dates = new Map<string, Intl.DateTimeFormat>();
function written(seconds: number, options: Intl.DateTimeFormatOptions, isDaily: boolean): string {
  const all = { ...options, ...(isDaily && { timeZone: 'UTC' }) };
  const key = JSON.stringify(all);
  const format = dates.get(key) ?? new Intl.DateTimeFormat(undefined, all);
  dates.set(key, format);
  return format.format(seconds * 1000);
}

function labelOf(seconds: number, step: number, at: readonly number[], isDaily: boolean): string {
  const isLong = isDaily || step * at.length > 2 * 86_400;
  return written(seconds, isLong ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit' }, isDaily);
}

const momentOf = (seconds: number, isDaily: boolean): string =>
  written(seconds, isDaily ? { dateStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' }, isDaily);

/** A colour of the page as a canvas takes it. */
function colourOf(place: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  place.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
