/** What needs a hand, the most urgent first. */

import type { Alert, ConnectRequest, Integration, IntegrationName, Latency, PrefetchJob } from '@patchbay/client';

import { count, writeDistance } from '../../format.ts';
import { writeLimit } from '../../parts/budget.ts';
import { writePace, writeSlowerSince } from '../../latency.ts';
import type { UsageRow } from '../usage/sums.ts';

/** An integration as a person knows it. */
type Labelled = Pick<IntegrationName, 'id' | 'name' | 'icon'>;

export interface Task {
  level: 'warn' | 'bad';
  /** Of whom; null for no integration in particular. */
  of: Labelled | null;
  title: string;
  text: string;
  /** The route on which it is dealt with. */
  to: string;
  verb: string;
}

/** A run is late when it should have begun so long ago; `late` of the counts means the same. */
const LATE_MILLISECONDS = 120_000;
/** So many calls have to have failed before their share means something. */
const MIN_FAILED = 3;
const FAILING_SHARE = 0.5;

type Waiting = Labelled & Pick<Integration, 'enabled' | 'review' | 'missing' | 'unreadable'>;

/** What integrations wait for, what keeps those that are on from working, and how many fetches are late. */
export function findTasks(waiting: readonly Waiting[], usage: readonly UsageRow[], late: number, now: number): Task[] {
  return byUrgency([
    ...waiting.flatMap(tasksOfSettings),
    ...usage.flatMap((one) => tasksOfUsage(one, now)),
    ...tasksOfSchedule(late),
  ]);
}

/** Stands for the tasks of a list that are not shown one by one; null for none. */
export function taskOfMore(left: number, to: 'integrations' | 'usage'): Task | null {
  if (left <= 0) return null;
  const [one, many] = to === 'integrations'
    ? ['waits for a setting or a review', 'wait for a setting or a review']
    : ['fails, rests or has spent its budget', 'fail, rest or have spent their budget'];
  const title = count(left, `more integration ${one}`, `more integrations ${many}`);
  return { level: 'warn', of: null, title, text: 'They are listed on a page of their own.', to, verb: 'List them' };
}

export const byUrgency = (tasks: readonly Task[]): Task[] => [...tasks].sort((one, other) => RANKS[one.level] - RANKS[other.level]);

/** Numbers that have passed a threshold of their block's display. */
export const tasksOfAlerts = (alerts: readonly Alert[], now: number): Task[] =>
  alerts.map(({ block_type: block, field, value, unit, level, since, ...one }) => ({
    level: level as Task['level'],
    of: labelOf(one),
    title: `${block}: ${field} is ${[value, unit].filter((part) => part !== null).join(' ')}`,
    text: `It went past its threshold ${writeDistance(since, now)}.`,
    to: 'playground',
    verb: 'Look at it',
  }));

/** Frontends that wait for a token. */
export const tasksOfRequests = (requests: readonly ConnectRequest[]): Task[] =>
  requests.length === 0 ? [] : [{
    level: 'warn',
    of: null,
    title: requests.length === 1 ? 'A frontend asks for a token' : `${requests.length} frontends ask for a token`,
    text: requests.map(({ name, origin }) => `${name} (${origin ?? 'a program'})`).join(', '),
    to: 'frontends',
    verb: 'Decide',
  }];

/** Integrations whose calls take longer than usual. */
export const tasksOfLatencies = (slower: readonly Latency[], now: number): Task[] =>
  slower.flatMap((one) => (one.slower_since === null ? [] : [{
    level: 'warn' as const,
    of: labelOf(one),
    title: writeSlowerSince(one.slower_since, now),
    text: writePace(one),
    to: 'usage',
    verb: 'Look',
  }]));

const RANKS = { bad: 0, warn: 1 };

/** Of a row of what is told about integrations; by its id, where it is no longer registered. */
const labelOf = ({ integration_id: id, name, icon }: { integration_id: string; name: string | null; icon: string | null }): Labelled => ({ id, name: name ?? id, icon });

function tasksOfSettings({ id, name, icon, enabled, review, missing, unreadable }: Waiting): Task[] {
  const tasks: Task[] = [];
  const of = { id, name, icon };
  if (review) tasks.push({ level: 'warn', of, title: 'A change needs your review', text: review.reason, to: 'review', verb: 'Review' });
  if (enabled && unreadable.length > 0) tasks.push({ level: 'bad', of, title: 'A secret cannot be read', text: `Enter ${listed(unreadable)} again: the present key does not decrypt it.`, to: 'integration', verb: 'Enter it' });
  if (enabled && missing.length > 0) tasks.push({ level: 'warn', of, title: 'A setting is missing', text: `It still needs ${listed(missing)}.`, to: 'integration', verb: 'Fill it in' });
  return tasks;
}

function tasksOfUsage({ calls, errors, budget, rests, ...one }: UsageRow, now: number): Task[] {
  const of = labelOf(one);
  const tasks: Task[] = rests.map(({ origin, reason, until }) => ({
    level: reason === 'breaker' ? 'bad' as const : 'warn' as const,
    of,
    title: reason === 'breaker' ? 'The provider keeps failing' : 'The provider asked for a pause',
    text: `${origin} is called again ${writeDistance(until, now)}.`,
    to: 'connection',
    verb: 'Look',
  }));
  const spent = budget.find(({ left, window }) => left === 0 && window !== 'second');
  if (spent) tasks.push({ level: 'warn', of, title: 'The call budget is spent', text: `${writeLimit(spent.limit, spent.window)}; the next one ${writeDistance(spent.next_at, now)}.`, to: 'connection', verb: 'Look' });
  const isFailing = errors >= MIN_FAILED && errors >= calls * FAILING_SHARE;
  if (isFailing && rests.length === 0) tasks.push({ level: 'bad', of, title: 'Most calls fail', text: `${errors} of ${count(calls, 'call')} of the last day failed.`, to: 'calls', verb: 'See why' });
  return tasks;
}

function tasksOfSchedule(late: number): Task[] {
  if (late === 0) return [];
  return [{ level: 'warn', of: null, title: 'The schedule is behind', text: `${count(late, 'fetch', 'fetches')} should have run by now.`, to: 'schedule', verb: 'Look' }];
}

export const isLate = ({ state, next_run_at: next }: PrefetchJob, now: number): boolean =>
  state === 'scheduled' && next !== null && now - Date.parse(next) > LATE_MILLISECONDS;

const listed = (names: readonly string[]): string => names.map((name) => name.replace(/_/g, ' ')).join(', ');
