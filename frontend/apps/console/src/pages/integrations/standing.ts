/** What an integration waits for, in the words that people see. */

import type { Integration, IntegrationSummary } from '@patchbay/client';

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

/** Those that have every word of the search in their name, id or description, and that the filter lets through. */
export function findIntegrations(all: readonly IntegrationSummary[], search: string, filter: Filter): IntegrationSummary[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter((one) => {
    const text = `${one.name} ${one.id} ${one.description ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word)) && passes(standingOf(one), filter);
  });
}

function passes({ needs, isOn }: Standing, filter: Filter): boolean {
  if (filter === 'needs') return needs.length > 0;
  return filter === 'all' || (filter === 'on') === isOn;
}
