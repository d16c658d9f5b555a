/** How long providers take now, beside what is usual: as the server tells it, and in words. */

import type { Client, Latency } from '@patchbay/client';

import { writeDay, writeMilliseconds, writeTime } from './format.ts';

/** The integrations whose calls take longer than usual, the slowest first. */
export const slowerOnes = (client: Client): Promise<Latency[]> => client.request('/usage/latency', { query: { include: 'slower', page_size: 100 } });

export const latencyOf = async (client: Client, integration: string): Promise<Latency> =>
  (await client.request('/usage/latency', { query: { integration_id: integration } }))[0];

/** `Slower since 14:00`; of another day with its date. */
export function writeSlowerSince(since: string, now: number): string {
  const isToday = new Date(since).toDateString() === new Date(now).toDateString();
  return `Slower since ${isToday ? '' : `${writeDay(since)}, `}${writeTime(since)}`;
}

/** What calls take, beside what they usually take. */
export function writePace({ now, usual }: Latency): string {
  if (!now && !usual) return 'It was not called in the last six hours, and too rarely before to say what is usual.';
  if (!now && usual) return `It was not called in the last six hours. Usually half of its calls take up to ${writeMilliseconds(usual.p50_ms)}, and 95 % up to ${writeMilliseconds(usual.p95_ms)}.`;
  const [half, most] = [writeMilliseconds(now?.p50_ms ?? null), writeMilliseconds(now?.p95_ms ?? null)];
  if (!usual) return `Half of the calls take up to ${half}, and 95 % up to ${most}. It was called too rarely on the days before to say what is usual.`;
  return `Half of the calls take up to ${half} (usually ${writeMilliseconds(usual.p50_ms)}), and 95 % up to ${most} (usually ${writeMilliseconds(usual.p95_ms)}).`;
}
