/** What a failed call rejects with. */

import type { FieldErrors, Problem } from './types.ts';

export interface Failure {
  code: string;
  status: number;
  detail: string;
  errors?: FieldErrors | null;
  retryAfter?: number | null;
  problem?: Problem | null;
  cause?: unknown;
}

/**
 * A call that did not succeed. `code` is stable: decide by it, show `detail`.
 *
 * `code` is `network` when no answer came at all, `foreign_origin` when the server answers but lets no page of this
 * origin in, and `unexpected_answer` when what answered was not Patchbay. `status` is 0 where no answer could be read.
 */
export class PatchbayError extends Error {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  /** What is wrong, by field. */
  readonly errors: FieldErrors | null;
  /** Seconds to wait before asking again, where the server said so. */
  readonly retryAfter: number | null;
  /** The whole problem document (RFC 9457). */
  readonly problem: Problem | null;
  /** Of a failed `act`: give it again to ask how that run went. */
  idempotencyKey: string | null = null;

  constructor({ code, status, detail, errors = null, retryAfter = null, problem = null, cause }: Failure) {
    super(detail, cause === undefined ? undefined : { cause });
    this.name = 'PatchbayError';
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.errors = errors;
    this.retryAfter = retryAfter;
    this.problem = problem;
  }
}

/** The error for an answer, or a part of one, that Patchbay cannot have sent. */
export const unexpectedAnswer = (status: number, detail: string, more: Partial<Failure> = {}): PatchbayError =>
  new PatchbayError({ code: 'unexpected_answer', status, detail, ...more });

/** Whether a call was ended by whoever started it. */
export const wasAborted = (error: unknown, signal?: AbortSignal): boolean =>
  Boolean(signal?.aborted) || (error instanceof DOMException && error.name === 'AbortError');

/** What a call rejects with when the connection broke: the abort itself, or a `network` failure. */
export function connectionLost(cause: unknown, signal?: AbortSignal): unknown {
  if (wasAborted(cause, signal)) return cause;
  return new PatchbayError({ code: 'network', status: 0, detail: 'The Patchbay server does not answer.', cause });
}

/** Seconds that a `Retry-After` header asks for (RFC 9110 section 10.2.3: a number or a date), else null. */
export function retryAfterSeconds(header: string | null, nowMilliseconds = Date.now()): number | null {
  if (!header) return null;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - nowMilliseconds) / 1000));
}
