/** Calls that are made again while they cannot be answered. */

import { PatchbayError } from './errors.ts';

/** How long to wait before the same action is asked for again while the network fails. */
const ACTION_DELAYS = [500, 1000, 2000, 4000];
const MAX_QUESTIONS_ABOUT_A_RUN = 300;
const FIRST_DELAY_MILLISECONDS = 500;
const MAX_DELAY_MILLISECONDS = 15_000;

/** Resolves after a time; rejects when the signal is aborted meanwhile. */
export const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });

/** The answer to a run of an action, asked for again while there is none: its key makes that safe. */
export async function untilAnswered<Answer>(send: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
  for (let breaks = 0, questions = 0; ; ) {
    try {
      return await send();
    } catch (error) {
      const code = error instanceof PatchbayError ? error.code : '';
      const delay = ACTION_DELAYS[breaks];
      if (code === 'network' && delay !== undefined) {
        await pause(delay, signal);
        breaks += 1;
      } else if (code === 'action_in_progress' && questions < MAX_QUESTIONS_ABOUT_A_RUN) {
        await pause(1000, signal);
        questions += 1;
      } else {
        throw error;
      }
    }
  }
}

/** The answer of a server that may not run yet: a call is repeated, more and more rarely, until something answers. */
export async function untilUp<Answer>(send: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
  for (let delay = FIRST_DELAY_MILLISECONDS; ; delay = Math.min(delay * 2, MAX_DELAY_MILLISECONDS)) {
    try {
      return await send();
    } catch (error) {
      if (!isDown(error)) throw error;
      await pause(delay, signal);
    }
  }
}

/** Whether nothing answered, or only a proxy in the place of a server that does not run. */
export const isDown = (error: unknown): boolean =>
  error instanceof PatchbayError &&
  (error.code === 'network' || (error.code === 'unexpected_answer' && error.status >= 500));

/** A random key for one run of an action. */
export function newIdempotencyKey(): string {
  // Browsers have randomUUID in secure contexts only, and a server at home is often reached by http.
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
