/**
 * Patchbay's blocks and integrations as Vue composables.
 *
 *     const { data, status, error, refresh } = useBlock('open-meteo', 'current', () => ({ latitude: lat.value }));
 */

import {
  type BlockObserver, type BlockState, type Client, type Inputs, type Integration, PatchbayError, concerns, createClient,
  observeBlock,
} from '@patchbay/client';
import {
  type App, type ComputedRef, type InjectionKey, type MaybeRefOrGetter, type ShallowRef, computed, inject, onScopeDispose,
  shallowRef, toValue, watch,
} from 'vue';

const CLIENT: InjectionKey<Client> = Symbol('patchbay');
let fallback: Client | null = null;

/** `app.use(patchbay, createClient({ … }))`: the client of all components below. */
export const patchbay = {
  install: (app: App, client: Client = createClient()): void => void app.provide(CLIENT, client),
};

/** The client that was installed; one of the page's own server, when none was. */
export const useClient = (): Client => inject(CLIENT, () => (fallback ??= createClient()), true);

export interface BlockView {
  state: Readonly<ShallowRef<BlockState>>;
  data: ComputedRef<any>;
  status: ComputedRef<BlockState['status']>;
  error: ComputedRef<PatchbayError | null>;
  isRefreshing: ComputedRef<boolean>;
  /** Fetches now, past the cache. */
  refresh: () => Promise<void>;
}

const LOADING: BlockState = { status: 'loading', rendered: null, error: null, isRefreshing: true };

/** A block, kept up to date until its component is gone. All three may be refs or getters. */
export function useBlock(
  integration: MaybeRefOrGetter<string>,
  block: MaybeRefOrGetter<string>,
  inputs: MaybeRefOrGetter<Inputs> = {},
): BlockView {
  const client = useClient();
  const state = shallowRef(LOADING);
  let observer: BlockObserver | null = null;
  // As text, so that inputs that are made anew with the same values are not rendered again.
  const target = (): string => JSON.stringify([toValue(integration), toValue(block), toValue(inputs)]);
  watch(target, (text) => {
    observer?.stop();
    const [of, name, given] = JSON.parse(text) as [string, string, Inputs];
    state.value = LOADING;
    observer = observeBlock(client, { integration: of, block: name, inputs: given }, (next) => (state.value = next));
  }, { immediate: true });
  onScopeDispose(() => observer?.stop());
  return {
    state,
    data: computed(() => state.value.rendered?.data),
    status: computed(() => state.value.status),
    error: computed(() => state.value.error),
    isRefreshing: computed(() => state.value.isRefreshing),
    refresh: async () => observer?.refresh(),
  };
}

export interface IntegrationView {
  integration: Readonly<ShallowRef<Integration | null>>;
  error: Readonly<ShallowRef<PatchbayError | null>>;
  reload: () => Promise<void>;
}

/** What is declared and set of an integration, read again after each change, whoever made it. */
export function useIntegration(id: MaybeRefOrGetter<string>): IntegrationView {
  const client = useClient();
  const integration = shallowRef<Integration | null>(null);
  const error = shallowRef<PatchbayError | null>(null);
  let running: AbortController | null = null;
  const reload = async (): Promise<void> => {
    running?.abort();
    const { signal } = (running = new AbortController());
    try {
      integration.value = await client.integration(toValue(id), { signal });
      error.value = null;
    } catch (cause) {
      if (signal.aborted) return;
      if (!(cause instanceof PatchbayError)) throw cause;
      error.value = cause;
    }
  };
  watch(() => toValue(id), () => {
    integration.value = null;
    void reload();
  }, { immediate: true });
  const ends = [
    client.onChange((change) => {
      if (concerns(change, toValue(id))) void reload();
    }),
    // Keeps the stream open, so that changes by others are told, too.
    client.subscribe(() => {}),
  ];
  onScopeDispose(() => {
    for (const end of ends) end();
    running?.abort();
  });
  return { integration, error, reload };
}
