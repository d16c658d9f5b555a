/** What an integration waits for, in the words that people see. */

import type { Integration } from '@patchbay/client';

export type Need = 'review' | 'missing' | 'unreadable';

export interface Standing {
  /** What a person has to do before it can work; empty when nothing. */
  needs: Need[];
  isOn: boolean;
}

/** An integration that is off needs nothing but a review of what it would send. */
export function standingOf({ enabled, review, missing, unreadable }: Pick<Integration, 'enabled' | 'review' | 'missing' | 'unreadable'>): Standing {
  const needs: Need[] = [];
  if (review) needs.push('review');
  if (enabled && missing.length > 0) needs.push('missing');
  if (enabled && unreadable.length > 0) needs.push('unreadable');
  return { needs, isOn: enabled };
}

export interface Wording {
  label: string;
  /** The route on which it is done. */
  to: string;
  level: 'warn' | 'bad';
}

export const WORDINGS: Record<Need, Wording> = {
  review: { label: 'Review due', to: 'review', level: 'warn' },
  missing: { label: 'Setting missing', to: 'integration', level: 'warn' },
  unreadable: { label: 'Secret unreadable', to: 'integration', level: 'bad' },
};

export type Filter = 'all' | 'needs' | 'on' | 'off';

/** The `state` by which the server selects them. */
export const STATES: Record<Filter, string | undefined> = { all: undefined, needs: 'waiting', on: 'enabled', off: 'disabled' };
