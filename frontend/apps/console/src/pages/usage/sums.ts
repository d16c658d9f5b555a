/** Usage added up, and turned into what charts draw. */

import type { Usage } from '@patchbay/client';

/** What was used of one integration. */
export type UsageRow = Usage['integrations'][number];

export interface Sum {
  renders: number;
  hits: number;
  stale: number;
  calls: number;
  errors: number;
  bytes: number;
}

const NOTHING: Sum = { renders: 0, hits: 0, stale: 0, calls: 0, errors: 0, bytes: 0 };
const NAMES = Object.keys(NOTHING) as (keyof Sum)[];

export const sumUsage = (all: readonly Sum[]): Sum =>
  all.reduce<Sum>((total, one) => Object.fromEntries(NAMES.map((name) => [name, total[name] + one[name]])) as unknown as Sum, NOTHING);

export interface Timeline {
  /** The begin of each period, in epoch seconds; periods without usage are there, too. */
  at: number[];
  succeeded: number[];
  errors: number[];
  /** Of one integration; null in a period without calls. */
  p50: (number | null)[];
  p95: (number | null)[];
}

/** The periods of a span, of one integration or of several added up. Durations are only known of one. */
export function timelineOf(all: readonly UsageRow[], { from, to, by }: { from: string; to: string; by: string }): Timeline {
  const step = by === 'day' ? 86_400 : 3600;
  const [start, end] = [Date.parse(from) / 1000, Date.parse(to) / 1000];
  const at = Array.from({ length: Math.max(0, Math.round((end - start) / step)) }, (_, index) => start + index * step);
  const periods = at.map((moment) => all.flatMap(({ periods: of }) => of.filter((period) => Date.parse(period.from) / 1000 === moment)));
  const sums = periods.map((of) => sumUsage(of));
  const single = periods.map((of) => (all.length === 1 ? of[0] : undefined));
  return {
    at,
    succeeded: sums.map(({ calls, errors }) => calls - errors),
    errors: sums.map(({ errors }) => errors),
    p50: single.map((period) => period?.p50_ms ?? null),
    p95: single.map((period) => period?.p95_ms ?? null),
  };
}

export type Order = 'calls' | 'errors' | 'p95_ms' | 'hits';

/** The most of something first; what has none of it last. */
export const orderedBy = (all: readonly UsageRow[], order: Order): UsageRow[] =>
  [...all].sort((one, other) => (other[order] ?? -1) - (one[order] ?? -1) || one.integration_id.localeCompare(other.integration_id));
