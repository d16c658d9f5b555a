/** Usage as charts draw it. */

import type { TotalUsage, Usage } from '@patchbay/client';

/** What was used of one integration. */
export type UsageRow = Usage['integrations'][number];

export interface Timeline {
  /** The begin of each period, in epoch seconds; periods without usage are there, too. */
  at: number[];
  succeeded: number[];
  errors: number[];
  /** null in a period without calls. */
  p50: (number | null)[];
  p95: (number | null)[];
}

/** The periods of a span. */
export function timelineOf({ from, to, by, periods }: Pick<TotalUsage, 'from' | 'to' | 'by' | 'periods'>): Timeline {
  const step = by === 'day' ? 86_400 : 3600;
  const [start, end] = [Date.parse(from) / 1000, Date.parse(to) / 1000];
  const at = Array.from({ length: Math.max(0, Math.round((end - start) / step)) }, (_, index) => start + index * step);
  const known = new Map(periods.map((period) => [Date.parse(period.from) / 1000, period]));
  const used = at.map((moment) => known.get(moment));
  return {
    at,
    succeeded: used.map((period) => (period ? period.calls - period.errors : 0)),
    errors: used.map((period) => period?.errors ?? 0),
    p50: used.map((period) => period?.p50_ms ?? null),
    p95: used.map((period) => period?.p95_ms ?? null),
  };
}

/** Which part of its fullest window's limit an integration has spent. */
export const spentShare = ({ budget }: Pick<UsageRow, 'budget'>): number => Math.max(0, ...budget.map(({ used, limit }) => used / limit));
