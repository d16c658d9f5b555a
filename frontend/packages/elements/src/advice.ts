/** What a person can do about each kind of failure. Decided by the stable `code`, never by the wording. */

import type { PatchbayError, Problem } from '@patchbay/client';

import { own } from './drawing/display.ts';

export type Remedy = 'settings' | 'review' | 'enable' | 'inputs' | 'retry' | 'signin' | 'remove' | 'wait';

export interface Advice {
  title: string;
  remedy: Remedy;
  label: string;
}

const RETRY = { remedy: 'retry', label: 'Try again' } as const;

const ADVICE: Record<string, Advice> = {
  settings_incomplete: { title: 'A setting is missing', remedy: 'settings', label: 'Fill it in' },
  secret_unreadable: { title: 'A secret cannot be read', remedy: 'settings', label: 'Enter it again' },
  secret_locked: { title: 'A secret is locked', remedy: 'review', label: 'Review the change' },
  review_due: { title: 'A change needs your review', remedy: 'review', label: 'Review the change' },
  plugin_disabled: { title: 'This integration is off', remedy: 'enable', label: 'Turn it on' },
  egress_refused: { title: 'That address is not allowed', remedy: 'settings', label: 'Open settings' },
  invalid: { title: 'An input is not right', remedy: 'inputs', label: 'Change the inputs' },
  not_found: { title: 'This block is not declared', remedy: 'remove', label: 'Remove the block' },
  unauthorized: { title: 'You are signed out', remedy: 'signin', label: 'Sign in' },
  foreign_origin: { title: 'This page may not call Patchbay', ...RETRY },
  budget_spent: { title: 'The call budget is spent', ...RETRY },
  breaker_open: { title: 'The provider is paused after failures', ...RETRY },
  deadline_exceeded: { title: 'The provider took too long', ...RETRY },
  upstream_unreachable: { title: 'The provider cannot be reached', ...RETRY },
  upstream_invalid: { title: 'The answer cannot be used', ...RETRY },
  upstream_failed: { title: 'The provider failed', ...RETRY },
  action_in_progress: { title: 'It is still running', ...RETRY },
  outcome_unknown: { title: 'Whether it was done is unknown', ...RETRY },
  network: { title: 'Patchbay does not answer', ...RETRY },
};
const REFUSED_BY_PROVIDER: Advice = { title: 'The provider refused', remedy: 'settings', label: 'Check the key' };
const UNKNOWN: Advice = { title: 'This did not work', ...RETRY };

/** What is known of a failed call, whether it ended a render or stands behind a stale one. */
export interface Failure {
  code: string;
  detail: string;
  retryAfter: number | null;
  upstreamStatus: number | null;
  /** What the provider said of it: text of a stranger. */
  upstreamMessage: string | null;
  errors: Record<string, string[]> | null;
}

export const failureOf = ({ code, detail, retryAfter, errors, problem }: PatchbayError): Failure => ({
  code, detail, retryAfter, errors,
  upstreamStatus: problem?.upstream_status ?? null,
  upstreamMessage: problem?.upstream_message ?? null,
});

export const failureOfProblem = (problem: Problem): Failure => ({
  code: problem.code ?? 'unknown',
  detail: problem.detail ?? problem.title ?? 'The refresh failed.',
  retryAfter: null,
  errors: null,
  upstreamStatus: problem.upstream_status ?? null,
  upstreamMessage: problem.upstream_message ?? null,
});

export function adviceFor({ code, upstreamStatus }: Pick<Failure, 'code' | 'upstreamStatus'>): Advice {
  if (upstreamStatus === 401 || upstreamStatus === 403) return REFUSED_BY_PROVIDER;
  return own(ADVICE, code) ?? UNKNOWN;
}
