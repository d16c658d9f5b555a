/** How fresh a cached answer is. */

import type { Artifact } from '@patchbay/client';

import { writeDistance } from '../format.ts';

export interface Freshness {
  state: 'fresh' | 'stale' | 'kept';
  level: 'good' | 'warn' | 'bad';
  /** Which part of its time in this state is left, from 0 to 1. */
  left: number;
  text: string;
}

export function freshnessOf({ fetched_at, expires_at, stale_until }: Artifact, now: number): Freshness {
  const [fetched, expires, usable] = [fetched_at, expires_at, stale_until].map((at) => Date.parse(at)) as [number, number, number];
  if (now < expires) return { state: 'fresh', level: 'good', left: part(now, fetched, expires), text: `expires ${writeDistance(expires, now)}` };
  if (now < usable) return { state: 'stale', level: 'warn', left: part(now, expires, usable), text: `stale since ${writeDistance(expires, now)}` };
  return { state: 'kept', level: 'bad', left: 0, text: 'kept only to ask whether it changed' };
}

const part = (now: number, start: number, end: number): number => (end > start ? (end - now) / (end - start) : 0);
