/** How much of a rate limit is spent, as a level. */

const NEARLY = 0.8;

export function levelOfBudget({ used, limit, left }: { used: number; limit: number; left: number }): 'good' | 'warn' | 'bad' {
  if (left === 0) return 'bad';
  return used >= limit * NEARLY ? 'warn' : 'good';
}
