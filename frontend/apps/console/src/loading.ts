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
}

/** Many events in a row are one change to whoever looks. */
const SETTLE_MILLISECONDS = 250;

/** Reads now, when the window is looked at again, and after changes. */
export function useLoaded<Value>(load: () => Promise<Value>, { on = () => true }: LoadOptions = {}): Loaded<Value> {
  const value: ShallowRef<Value | null> = shallowRef(null);
  const error: ShallowRef<unknown> = shallowRef(null);
  const isLoading = ref(false);
  let reads = 0;

  const reload = async (): Promise<void> => {
    reads += 1;
    const read = reads;
    isLoading.value = true;
    try {
      const answer = await load();
      if (read !== reads) return;
      value.value = answer;
      error.value = null;
    } catch (cause) {
      if (read === reads) error.value = cause;
      if (!(cause instanceof PatchbayError)) throw cause;
    } finally {
      if (read === reads) isLoading.value = false;
    }
  };

  void reload();
  if (getCurrentScope()) whenChanged(useConsole().client.value, on, () => void reload());
  return { value, error, isLoading, reload };
}

/** Calls back, until the page is left, when something that `on` tells may have changed. */
function whenChanged(client: Client, on: (event: LiveEvent) => boolean, then: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(then, SETTLE_MILLISECONDS);
  };
  const lookedAt = (): void => {
    if (document.visibilityState === 'visible') soon();
  };
  document.addEventListener('visibilitychange', lookedAt);
  const ends = [
    // What this page changed itself is read again even while no event arrives.
    client.onChange(soon),
    client.subscribe((event) => {
      if (event.type === 'resync' || on(event)) soon();
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
