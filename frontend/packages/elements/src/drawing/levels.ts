/** What words and numbers say of how well something is. */

import { type Level, STATUS } from './display.ts';

const WORDS: Record<Level, RegExp> = {
  good: /^(?:ok|okay|up|online|active|running|enabled|healthy|available|connected|good|pass(?:ed|ing)?|success(?:ful)?|succeeded|operational|idle|synced|open|paid|seeding|completed?|finished|merged|playing|true|yes)$/i,
  warn: /^(?:warn(?:ing)?|degraded|paused|pending|unknown|starting|stopping|syncing|scanning|busy|maintenance|stale|partial|queued|draft|downloading|updating|in_progress)$/i,
  bad: /^(?:bad|down|offline|inactive|stopped|disabled|unhealthy|unavailable|disconnected|error|fail(?:ed|ing|ure)?|critical|dead|outage|overdue|false|no)$/i,
};

/** The level that a status word, a boolean or an HTTP status stands for; null where it tells none. */
export function levelOfStatus(status: unknown): Level | null {
  if (typeof status === 'number') return status >= 500 ? 'bad' : status >= 400 ? 'warn' : status >= 100 ? 'good' : null;
  const word = String(status ?? '').trim();
  return (Object.keys(WORDS) as Level[]).find((level) => WORDS[level].test(word)) ?? null;
}

const MAX_WORD = 24;
/** Words that say it under any name. */
const UNMISTAKABLE = /^(?:ok|up|down|online|offline|healthy|unhealthy|degraded|error|failed)$/i;

/** Whether a value is the one word for how something is: `running` under `status`. */
export function isStatusWord(name: string, value: unknown): value is string {
  if (typeof value === 'string' && UNMISTAKABLE.test(value)) return true;
  const last = name.split(/[._]/).at(-1)?.toLowerCase() ?? '';
  return typeof value === 'string' && value.length <= MAX_WORD && /^[\p{L}_ -]+$/u.test(value) && STATUS.includes(last);
}
