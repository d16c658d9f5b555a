/** A block's data as an element: by its declared display, else by the data's own shape. */

import { type Display, type Kind, KINDS, isRecord, isRecords, isScalar, rowsOfColumns } from './display.ts';
import { drawChart } from './chart.ts';
import { drawEmpty } from './empty.ts';
import { drawFigure, drawGauge } from './figures.ts';
import { drawMap, placesOf } from './map.ts';
import { drawMedia, drawText } from './media.ts';
import { drawArticle, drawFeed, entriesOf, isArticle, isFeed } from './pages.ts';
import { drawFacts, drawList } from './records.ts';
import { chartData, isSeries, rowsOf } from './series.ts';
import { drawStatus } from './status.ts';
import { drawTable } from './table.ts';
import { drawTimeline, isTimeline } from './timeline.ts';

interface Drawing {
  /** Whether data can be drawn so. What cannot is drawn as it would be without a declaration. */
  suits: (data: any, display: Display) => boolean;
  draw: (data: any, display: Display) => HTMLElement;
}

const hasValue = (data: any): boolean => typeof data === 'number' || isRecord(data);

const DRAWINGS: Record<Kind, Drawing> = {
  figure: { suits: (data) => hasValue(data) || typeof data === 'string', draw: drawFigure },
  gauge: { suits: hasValue, draw: drawGauge },
  status: { suits: (data) => typeof data === 'boolean' || hasValue(data) || isRecords(data), draw: drawStatus },
  facts: { suits: isRecord, draw: drawFacts },
  table: { suits: (data, display) => rowsOf(data, display) !== null, draw: (data, display) => drawTable(rowsOf(data, display) ?? [], display) },
  list: { suits: (data) => entriesOf(data) !== null, draw: (data, display) => drawList(entriesOf(data) ?? [], display) },
  feed: { suits: (data) => isRecords(entriesOf(data)), draw: drawFeed },
  article: { suits: isRecord, draw: drawArticle },
  image: { suits: () => false, draw: drawFacts },
  line: { suits: (data, display) => chartData(data, display) !== null, draw: (data, display) => drawChart(data, display, 'line') },
  bars: { suits: (data, display) => chartData(data, display) !== null, draw: (data, display) => drawChart(data, display, 'bars') },
  timeline: { suits: (data) => isRecords(entriesOf(data)), draw: drawTimeline },
  map: { suits: (data, display) => placesOf(data, display).length > 0, draw: drawMap },
};

/** The kind that data looks like, when nothing is declared. */
export function guessKind(data: any, display: Display = {}): Kind {
  if (isScalar(data)) return 'figure';
  if (isFeed(data)) return 'feed';
  if (isTimeline(data)) return 'timeline';
  if (isArticle(data)) return 'article';
  if (isSeries(data)) return 'line';
  if (isRecords(data) || (isRecord(data) && rowsOfColumns(data, display.fields))) return 'table';
  return Array.isArray(data) ? 'list' : 'facts';
}

/** The declared kind where it suits the data, else the guessed one. `as` is how manifests said it before `kind`. */
export function kindOf(data: any, display: Display & { as?: unknown } = {}): Kind {
  const declared = display.kind ?? display.as;
  const known = KINDS.find((kind) => kind === declared);
  return known && DRAWINGS[known].suits(data, display) ? known : guessKind(data, display);
}

export const isEmpty = (data: any): boolean => {
  const entries = entriesOf(data);
  return data === null || data === undefined || data === '' || (entries !== null && entries.length === 0) || (isRecord(data) && Object.keys(data).length === 0);
};

/**
 * The element for what a provider answered. It makes no request, and whatever texts and addresses are in the data stay
 * text and checked links.
 */
export function draw(answer: { data: any; content_type: string | null }, display: Display = {}, name = ''): HTMLElement {
  const { data } = answer;
  if (isEmpty(data)) return drawEmpty(display.kind);
  if (typeof data === 'string') {
    const media = drawMedia(data, answer.content_type, name);
    if (media) return media;
    if (!display.kind) return drawText(data);
  }
  return DRAWINGS[kindOf(data, display)].draw(data, display);
}
