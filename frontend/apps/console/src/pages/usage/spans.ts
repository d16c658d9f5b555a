/** The spans of time that usage is shown for. */

import type { UsageSpan } from '@patchbay/client';

const DAY_MILLISECONDS = 86_400_000;

export const SPANS = {
  day: { label: '24 hours', days: 1, by: 'hour' },
  week: { label: '7 days', days: 7, by: 'hour' },
  month: { label: '30 days', days: 30, by: 'day' },
} as const;

export type SpanName = keyof typeof SPANS;

/** The span up to now. That of a day is what the server answers by default, and is asked for in words that stay the same. */
export function spanOf(name: SpanName, now: number): UsageSpan {
  const { days, by } = SPANS[name];
  return days === 1 ? { by } : { from: new Date(now - days * DAY_MILLISECONDS).toISOString(), by };
}
