/** What the charts of the usage show. */

import type { Latency } from '@patchbay/client';

import { writeCount, writeMilliseconds } from '../../format.ts';
import type { Chart } from '../../parts/chart.ts';
import type { Timeline } from './sums.ts';

export const chartOfCalls = ({ at, succeeded, errors }: Timeline, isDaily: boolean): Chart => ({
  kind: 'bars', write: writeCount, at, isDaily,
  series: [{ label: 'Succeeded', colour: '--accent', values: succeeded }, { label: 'Failed', colour: '--bad', values: errors }],
});

/** Durations, with lines at what is usual, and a mark where calls began to be slower. */
export function chartOfDurations({ at, p50, p95 }: Timeline, isDaily: boolean, latency: Latency | null): Chart {
  const usual = latency?.usual;
  const level = (label: string, colour: string, value: number) => ({ label, colour, values: at.map(() => value), isUsual: true });
  const since = latency?.slower_since ? Date.parse(latency.slower_since) / 1000 : null;
  return {
    kind: 'lines', write: writeMilliseconds, at, isDaily,
    series: [
      { label: 'Half up to', colour: '--accent', values: p50 },
      { label: '95 % up to', colour: '--warn', values: p95 },
      ...(usual ? [level('Usually half', '--accent', usual.p50_ms), level('Usually 95 %', '--warn', usual.p95_ms)] : []),
    ],
    // A day is drawn at its beginning, which says nothing of the hour.
    mark: since !== null && !isDaily && since > (at[0] ?? Infinity) ? { at: since, label: 'slower' } : undefined,
  };
}
