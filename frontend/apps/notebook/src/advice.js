/** What a person can do about each kind of failure. Decided by the stable `code`, never by the wording. */

/** @typedef {'settings' | 'review' | 'enable' | 'inputs' | 'retry' | 'signin' | 'remove'} Remedy */
/** @typedef {{ title: string, remedy: Remedy, label: string }} Advice */

/** @type {Record<string, Advice>} */
const ADVICE = {
  settings_incomplete: { title: 'A setting is missing', remedy: 'settings', label: 'Fill it in' },
  secret_unreadable: { title: 'A secret cannot be read', remedy: 'settings', label: 'Enter it again' },
  secret_locked: { title: 'A secret is locked', remedy: 'review', label: 'Review the change' },
  review_due: { title: 'A change waits for you', remedy: 'review', label: 'Review the change' },
  plugin_disabled: { title: 'This integration is off', remedy: 'enable', label: 'Turn it on' },
  egress_refused: { title: 'That address is not allowed', remedy: 'settings', label: 'Open settings' },
  invalid: { title: 'An input is not right', remedy: 'inputs', label: 'Change the inputs' },
  not_found: { title: 'This block is no longer declared', remedy: 'remove', label: 'Remove the block' },
  unauthorized: { title: 'You are signed out', remedy: 'signin', label: 'Sign in' },
  budget_spent: { title: 'The call budget is spent', remedy: 'retry', label: 'Try again' },
  breaker_open: { title: 'The provider is resting after failures', remedy: 'retry', label: 'Try again' },
  deadline_exceeded: { title: 'The provider took too long', remedy: 'retry', label: 'Try again' },
  upstream_unreachable: { title: 'The provider cannot be reached', remedy: 'retry', label: 'Try again' },
  upstream_invalid: { title: 'The answer is not usable', remedy: 'retry', label: 'Try again' },
  upstream_failed: { title: 'The provider failed', remedy: 'retry', label: 'Try again' },
  action_in_progress: { title: 'It is still running', remedy: 'retry', label: 'Try again' },
  outcome_unknown: { title: 'Nobody knows whether it was done', remedy: 'retry', label: 'Try again' },
  network: { title: 'Patchbay does not answer', remedy: 'retry', label: 'Try again' },
};

/** @type {Advice} */
const REFUSED_BY_PROVIDER = { title: 'The provider refused', remedy: 'settings', label: 'Check the key' };
/** @type {Advice} */
const UNKNOWN = { title: 'This did not work', remedy: 'retry', label: 'Try again' };

/**
 * @typedef {object} Failure What is known of a failed call, whether it ended a render or hides behind a stale one.
 * @property {string} code
 * @property {string} detail
 * @property {number | null} retryAfter Seconds.
 * @property {number | null} upstreamStatus
 * @property {string | null} upstreamMessage What the provider said of it: text of a stranger.
 */

/**
 * @param {import('@patchbay/client').PatchbayError} error
 * @returns {Failure}
 */
export const failureOfError = (error) => ({
  code: error.code,
  detail: error.detail,
  retryAfter: error.retryAfter,
  upstreamStatus: error.problem?.upstream_status ?? null,
  upstreamMessage: error.problem?.upstream_message ?? null,
});

/**
 * The failed refresh behind a stale answer; null when there was none.
 *
 * @param {import('@patchbay/client').Envelope['error']} error
 * @returns {Failure | null}
 */
export function failureOfEnvelope(error) {
  if (!error) return null;
  if (typeof error === 'string') {
    return { code: 'unknown', detail: error, retryAfter: null, upstreamStatus: null, upstreamMessage: null };
  }
  return {
    code: error.code ?? 'unknown',
    detail: error.detail ?? error.title ?? 'The refresh failed.',
    retryAfter: null,
    upstreamStatus: error.upstream_status ?? null,
    upstreamMessage: error.upstream_message ?? null,
  };
}

/**
 * @param {Failure} failure
 * @returns {Advice}
 */
export function adviceFor({ code, upstreamStatus }) {
  if (upstreamStatus === 401 || upstreamStatus === 403) return REFUSED_BY_PROVIDER;
  return ADVICE[code] ?? UNKNOWN;
}
