/** What changes on the server, told to everybody on this page who wants to know: one stream, however many listen. */

import { PatchbayError } from './errors.ts';
import { GAP, type LiveEvent, readStream } from './event-stream.ts';
import type { Open } from './http.ts';
import { pause } from './repeating.ts';
import { type Lead, type News, share } from './sharing.ts';

export type LiveListener = (event: LiveEvent) => void;

export interface LiveOptions {
  /** Ends the subscription, too. */
  signal?: AbortSignal;
  /** Called with true when events begin to arrive, with false when they may be missed. */
  onStatus?: (isOpen: boolean) => void;
}

export type Subscribe = (listener: LiveListener, options?: LiveOptions) => () => void;

const RETRY_MILLISECONDS = 3000;
const MAX_RETRY_MILLISECONDS = 60_000;
const HIDDEN_MILLISECONDS = 60_000;
const LINGER_MILLISECONDS = 1000;
/** What happens between a page's first calls and the beginning of its first stream is not told, so that must not be long. */
const MAX_GAP_MILLISECONDS = 1000;

/** How long to wait before the next attempt. It is spread, so that pages do not all come at once after a restart. */
export function retryDelay(base: number, failures: number, retryAfterSeconds: number | null, chance = Math.random()): number {
  const growing = Math.min(base * 2 ** failures, MAX_RETRY_MILLISECONDS);
  return Math.max(growing * (0.5 + chance / 2), (retryAfterSeconds ?? 0) * 1000 * (1 + chance / 5));
}

/** A function that subscribes. `notice` gets every event, but keeps no stream open. */
export function createSubscribe(open: Open, name: string, notice: LiveListener): Subscribe {
  const subscribers = new Set<{ listener: LiveListener; onStatus?: (isOpen: boolean) => void }>();
  let running: AbortController | null = null;
  let isOpen = false;
  let isComplete = false;
  let lastId = '';
  let startedAt = 0;
  let hiding: ReturnType<typeof setTimeout> | undefined;
  let leaving: ReturnType<typeof setTimeout> | undefined;

  const deliver = (event: LiveEvent): void => {
    for (const listener of [notice, ...[...subscribers].map((subscriber) => subscriber.listener)]) guarded(() => listener(event));
  };
  const setOpen = (now: boolean): void => {
    if (now === isOpen) return;
    isOpen = now;
    for (const { onStatus } of [...subscribers]) guarded(() => onStatus?.(now));
  };
  const hear = (news: News): void => {
    lastId = news.lastId || lastId;
    setOpen(news.isOpen);
    if (isOpen && !isComplete) {
      isComplete = true;
      if (performance.now() - startedAt > MAX_GAP_MILLISECONDS) deliver(GAP);
    }
    news.events.forEach(deliver);
  };

  const lead: Lead = async (tell, signal) => {
    let base = RETRY_MILLISECONDS;
    for (let failures = 0; !signal.aborted; failures += 1) {
      let retryAfter: number | null = null;
      try {
        await readStream(open, lastId, signal, (received) => {
          failures = 0;
          base = received.retryMilliseconds ?? base;
          tell({ isOpen: true, lastId: received.lastId, events: received.event ? [received.event] : [] });
        });
      } catch (error) {
        if (isRefusal(error)) break;
        retryAfter = error instanceof PatchbayError ? error.retryAfter : null;
      }
      if (signal.aborted) return;
      tell({ isOpen: false, lastId, events: [] });
      await pause(retryDelay(base, failures, retryAfter), signal);
    }
    tell({ isOpen: false, lastId, events: [] });
  };

  const start = (gapSince: number): void => {
    const { signal } = (running = new AbortController());
    [startedAt, isComplete, lastId] = [gapSince, false, ''];
    void share(name, signal, (news) => signal.aborted || hear(news), lead);
  };
  const stop = (): void => {
    running?.abort();
    running = null;
    setOpen(false);
  };
  /** A page that nobody looks at for long reads nothing, and everything again afterwards. */
  const followVisibility = (): void => {
    clearTimeout(hiding);
    if (globalThis.document?.hidden) hiding = setTimeout(stop, HIDDEN_MILLISECONDS);
    else if (!running) start(-Infinity);
  };
  const leave = (): void => {
    clearTimeout(hiding);
    globalThis.document?.removeEventListener('visibilitychange', followVisibility);
    stop();
  };

  return (listener, { signal, onStatus } = {}) => {
    if (signal?.aborted) return () => {};
    clearTimeout(leaving);
    if (subscribers.size === 0 && !running) {
      start(performance.now());
      globalThis.document?.addEventListener('visibilitychange', followVisibility);
      followVisibility();
    }
    const subscriber = { listener, onStatus };
    subscribers.add(subscriber);
    if (isOpen) onStatus?.(true);
    const end = (): void => {
      signal?.removeEventListener('abort', end);
      // Whoever shows something else next goes on with the same stream.
      if (subscribers.delete(subscriber) && subscribers.size === 0) leaving = setTimeout(leave, LINGER_MILLISECONDS);
    };
    signal?.addEventListener('abort', end);
    return end;
  };
}

/** Whether it would be refused again: who asks has to change something first. */
const isRefusal = (error: unknown): boolean =>
  error instanceof PatchbayError && ((error.status >= 200 && error.status < 500) || error.code === 'foreign_origin');

/** Calls somebody else's function; what it throws is reported as an error of the page, and ends nothing here. */
function guarded(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
