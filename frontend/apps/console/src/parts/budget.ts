/** How much of a rate limit is spent, as a level. */

import { count } from '../format.ts';

const NEARLY = 0.8;

export function levelOfBudget({ used, limit, left }: { used: number; limit: number; left: number }): 'good' | 'warn' | 'bad' {
  if (left === 0) return 'bad';
  return used >= limit * NEARLY ? 'warn' : 'good';
}

/** `60 calls a minute`. */
export const writeLimit = (limit: number, window: string): string => `${count(limit, 'call')} ${window === 'hour' ? 'an' : 'a'} ${window}`;
