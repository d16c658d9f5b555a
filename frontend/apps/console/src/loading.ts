/** What a page shows, read when it opens and again when it may have changed. */

import { type Client, type LiveEvent, PatchbayError } from '@patchbay/client';
import { type Ref, type ShallowRef, computed, getCurrentScope, onScopeDispose, ref, shallowRef } from 'vue';

import { useConsole } from './console.ts';

export interface Loaded<Value> {
  value: ShallowRef<Value | null>;
  /** Why the last read failed; what was read before stays. */
  error: ShallowRef<unknown>;
  isLoading: Ref<boolean>;
  reload: () => Promise<void>;
}

export interface LoadOptions {
  /** Which events concern what is loaded; all, when left out. */
  on?: (event: LiveEvent) => boolean;
  /** How many milliseconds lie between two reads because of events, at least. */
  every?: number;
}

/** Many events in a row are one change to whoever looks. */
const SETTLE_MILLISECONDS = 250;
const EVERY_MILLISECONDS = 1000;
/** For what every call to a provider changes, and what takes the server long to add up. */
export const EVERY_CALL_MILLISECONDS = 5000;

/** Events of what is declared and set; not of answers that come and go. */
export const isOfSettings = ({ type }: LiveEvent): boolean => !type.startsWith('artifact') && type !== 'budget.spent';
/** Events of which plugins there are, and what they are called. */
export const isOfPlugins = ({ type }: LiveEvent): boolean => type.startsWith('plugin.');
/** Events of tokens, and of frontends that ask for one. */
export const isOfAccess = ({ type }: LiveEvent): boolean => ['connect.requested', 'connect.answered', 'token.changed'].includes(type);
/** Events that come with calls to providers. */
export const isOfCalls = ({ type }: LiveEvent): boolean => type.startsWith('artifact.') || type === 'budget.spent';

/** Reads now, when the window is looked at again, and after changes. */
export function useLoaded<Value>(load: () => Promise<Value>, { on = () => true, every = EVERY_MILLISECONDS }: LoadOptions = {}): Loaded<Value> {
  const value: ShallowRef<Value | null> = shallowRef(null);
  const error: ShallowRef<unknown> = shallowRef(null);
  const isLoading = ref(false);
  let [reads, shown] = [0, 0];

  const reload = async (): Promise<void> => {
    reads += 1;
    const read = reads;
    isLoading.value = true;
    try {
      const answer = await load();
      if (read < shown) return;
      [value.value, error.value, shown] = [answer, null, read];
    } catch (cause) {
      if (read === reads) error.value = cause;
      if (!(cause instanceof PatchbayError)) throw cause;
    } finally {
      if (read === reads) isLoading.value = false;
    }
  };

  void reload();
  if (getCurrentScope()) whenChanged(useConsole().client.value, { on, every }, reload);
  return { value, error, isLoading, reload };
}

/** Reads again, until the page is left, when something that `on` tells may have changed. */
function whenChanged(client: Client, { on, every }: Required<LoadOptions>, read: () => Promise<void>): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let [readAt, dueAt] = [performance.now(), Infinity];
  const then = (): void => {
    [readAt, dueAt] = [performance.now(), Infinity];
    void read();
  };
  /** Changes that keep coming do not put a read off any further. */
  const soon = (apart: number): void => {
    const now = performance.now();
    const at = Math.max(now + SETTLE_MILLISECONDS, readAt + apart);
    if (at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(then, at - now);
  };
  const lookedAt = (): void => {
    if (document.visibilityState === 'visible') soon(0);
  };
  document.addEventListener('visibilitychange', lookedAt);
  const ends = [
    // What this page changed itself is read again even while no event arrives.
    client.onChange(() => soon(Math.min(every, EVERY_MILLISECONDS))),
    client.subscribe((event) => {
      if (event.type === 'resync' || on(event)) soon(every);
    }),
  ];
  onScopeDispose(() => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', lookedAt);
    for (const end of ends) end();
  });
}

/** The first error of several reads, and whether all have answered. */
export function useAll(loaded: readonly Loaded<unknown>[]) {
  return {
    error: computed(() => loaded.map(({ error }) => error.value).find((error) => error !== null) ?? null),
    isReady: computed(() => loaded.every(({ value }) => value.value !== null)),
    reload: (): void => loaded.forEach(({ reload }) => void reload()),
  };
}
