/** One block kept up to date for as long as somebody shows it. */

import { concerns } from './changes.ts';
import type { Client } from './client.ts';
import { PatchbayError } from './errors.ts';
import type { LiveEvent } from './event-stream.ts';
import type { Inputs, Rendered } from './types.ts';

export interface BlockTarget {
  integration: string;
  block: string;
  inputs?: Inputs;
}

export interface BlockState {
  /** `stale` while what is shown is past its lifetime; `error` only where there is nothing to show. */
  status: 'loading' | 'ready' | 'stale' | 'error';
  /** The last good answer; it stays while a refresh runs or has failed. */
  rendered: Rendered | null;
  /** Why the last call failed. */
  error: PatchbayError | null;
  isRefreshing: boolean;
}

export interface BlockObserver {
  readonly state: BlockState;
  /** Fetches now, past the cache unless told otherwise. Never rejects: the state says how it went. */
  refresh: (options?: { useCache?: boolean }) => Promise<void>;
  stop: () => void;
}

/** A refresh that the server runs behind a stale answer is done by then. */
const SECOND_LOOK_MILLISECONDS = 2500;
const MIN_DELAY_MILLISECONDS = 5000;
const FIRST_RETRY_MILLISECONDS = 30_000;
const MAX_RETRY_MILLISECONDS = 300_000;
/** The prefetcher spreads its fetches by a tenth of the lifetime. What it fetches is not to be asked for before. */
const PREFETCH_SPREAD = 0.1;
const MAX_PREFETCH_SPREAD_MILLISECONDS = 60_000;
const PREFETCH_PATIENCE_MILLISECONDS = 5000;
/** The largest delay that timers take. */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** Failures that pass by themselves. All others wait for a person. */
const PASSING = new Set([
  'network', 'unexpected_answer', 'budget_spent', 'breaker_open', 'deadline_exceeded', 'overloaded',
  'upstream_unreachable', 'upstream_invalid', 'upstream_failed',
]);

type Shown = Pick<BlockState, 'rendered' | 'error'>;

/**
 * When to ask again after an answer or a failure, in milliseconds; null for never. `failures` counts those in a row, and
 * stale answers with them; the more, the longer the wait. With `isLive` events tell what others fetch, so only what nobody
 * fetches is asked for. Uses the server's times only, so that the clock here does not matter.
 */
export function nextDelay({ rendered, error }: Shown, failures: number, isLive = false): number | null {
  if (error) {
    if (!PASSING.has(error.code)) return null;
    const growing = Math.min(FIRST_RETRY_MILLISECONDS * 2 ** Math.max(0, failures - 1), MAX_RETRY_MILLISECONDS);
    return Math.max(growing, (error.retryAfter ?? 0) * 1000);
  }
  if (!rendered?.fetched_at) return null;
  if (rendered.stale) return rendered.error || failures > 1 || isLive ? FIRST_RETRY_MILLISECONDS : SECOND_LOOK_MILLISECONDS;
  if (!rendered.expires_at) return null;
  const lifetime = Date.parse(rendered.expires_at) - Date.parse(rendered.fetched_at);
  const spread = Math.min(lifetime * PREFETCH_SPREAD, MAX_PREFETCH_SPREAD_MILLISECONDS);
  const patience = isLive ? PREFETCH_PATIENCE_MILLISECONDS + spread : 500;
  return Math.max(MIN_DELAY_MILLISECONDS, lifetime - (rendered.age ?? 0) * 1000 + patience);
}

/** Whether an event tells of a newer answer of the block than the one that is shown, or of a failure that is not shown. */
export function isNews(event: LiveEvent, { integration, block }: BlockTarget, { rendered, error }: Shown): boolean {
  const isOfBlock = event.plugin_id === integration && (!event.block_id || event.block_id === block);
  const [hash, shownHash] = [event.parameters_hash, rendered?.parameters_hash];
  if (!isOfBlock || (hash && shownHash && hash !== shownHash)) return false;
  if (event.type === 'artifact.failed') return (error ?? rendered?.error)?.code !== event.code;
  if (event.type !== 'artifact.renewed') return false;
  return !rendered?.fetched_at || !event.fetched_at || Date.parse(event.fetched_at) > Date.parse(rendered.fetched_at);
}

/**
 * Renders a block, and again whenever its answer was fetched or its integration changed, by anybody, or when it has
 * expired and nobody fetches it, or a failure may have passed; never while the page is hidden. `listener` gets every
 * state.
 */
export function observeBlock(client: Client, target: BlockTarget, listener: (state: BlockState) => void): BlockObserver {
  let state: BlockState = { status: 'loading', rendered: null, error: null, isRefreshing: true };
  let running: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let isLive = false;
  let settledAt = 0;
  /** What was told while an answer was under way, which may or may not have it. */
  let waiting: LiveEvent[] = [];

  const show = (change: Partial<BlockState>): void => {
    state = { ...state, ...change };
    listener(state);
  };

  const schedule = (): void => {
    clearTimeout(timer);
    const delay = nextDelay(state, failures, isLive);
    if (delay === null) return;
    const left = Math.max(0, delay - (performance.now() - settledAt));
    timer = setTimeout(whenVisible, Math.min(left, MAX_TIMER_MILLISECONDS));
  };

  const whenVisible = (): void => {
    const { document } = globalThis;
    if (document?.hidden) document.addEventListener('visibilitychange', whenVisible, { once: true });
    else void refresh({ useCache: true });
  };

  const hear = (event: LiveEvent): void => {
    if (state.isRefreshing) waiting.push(event);
    else if (isNews(event, target, state)) whenVisible();
  };

  const settle = (): void => {
    settledAt = performance.now();
    schedule();
    const told = waiting;
    waiting = [];
    told.forEach(hear);
  };

  const refresh = async ({ useCache = false } = {}): Promise<void> => {
    clearTimeout(timer);
    running?.abort();
    const controller = new AbortController();
    running = controller;
    show({ isRefreshing: true, status: state.rendered ? state.status : 'loading' });
    try {
      const { integration, block, inputs } = target;
      const rendered = await client.render(integration, block, inputs, { useCache, signal: controller.signal });
      if (controller.signal.aborted) return;
      failures = rendered.stale ? failures + 1 : 0;
      show({ status: rendered.stale ? 'stale' : 'ready', rendered, error: null, isRefreshing: false });
    } catch (cause) {
      if (controller.signal.aborted) return;
      failures += 1;
      const error = cause instanceof PatchbayError ? cause : unexpected(cause);
      show({ status: state.rendered ? 'stale' : 'error', error, isRefreshing: false });
    }
    if (!controller.signal.aborted) settle();
  };

  const endListening = client.onChange((change) => {
    if (concerns(change, target.integration, target.block)) whenVisible();
  });
  const endLive = client.subscribe(hear, {
    onStatus: (isOpen) => {
      isLive = isOpen;
      if (!state.isRefreshing) schedule();
    },
  });

  void refresh({ useCache: true });
  return {
    get state() {
      return state;
    },
    refresh,
    stop: () => {
      clearTimeout(timer);
      running?.abort();
      globalThis.document?.removeEventListener('visibilitychange', whenVisible);
      endListening();
      endLive();
    },
  };
}

const unexpected = (cause: unknown): PatchbayError =>
  new PatchbayError({ code: 'unexpected_answer', status: 0, detail: 'The answer cannot be used.', cause });
