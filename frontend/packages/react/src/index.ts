/**
 * Patchbay's blocks and integrations as React hooks.
 *
 *     const { data, status, error, refresh } = useBlock('open-meteo', 'current', { latitude: 38.7, longitude: -9.1 });
 */

import {
  type BlockObserver, type BlockState, type Client, type Inputs, type Integration, PatchbayError, concerns, createClient,
  observeBlock,
} from '@patchbay/client';
import { createContext, useCallback, useContext, useEffect, useRef, useState } from 'react';

const ClientContext = createContext<Client | null>(null);
let fallback: Client | null = null;

/** `<PatchbayProvider value={client}>`: the client of all components below. */
export const PatchbayProvider = ClientContext.Provider;

/** The provided client; one of the page's own server, when none was. */
export const useClient = (): Client => useContext(ClientContext) ?? (fallback ??= createClient());

export interface BlockView extends BlockState {
  data: any;
  /** Fetches now, past the cache. */
  refresh: () => Promise<void>;
}

const LOADING: BlockState = { status: 'loading', rendered: null, error: null, isRefreshing: true };

/** A block, kept up to date until its component is gone. */
export function useBlock(integration: string, block: string, inputs: Inputs = {}): BlockView {
  const client = useClient();
  const [state, setState] = useState(LOADING);
  const observer = useRef<BlockObserver | null>(null);
  // As text, so that inputs that are made anew with the same values are not rendered again.
  const given = JSON.stringify(inputs);
  useEffect(() => {
    setState(LOADING);
    observer.current = observeBlock(client, { integration, block, inputs: JSON.parse(given) }, setState);
    return () => observer.current?.stop();
  }, [client, integration, block, given]);
  const refresh = useCallback(async () => observer.current?.refresh(), []);
  return { ...state, data: state.rendered?.data, refresh };
}

export interface IntegrationView {
  integration: Integration | null;
  error: PatchbayError | null;
  reload: () => void;
}

/** What is declared and set of an integration, read again after each change, whoever made it. */
export function useIntegration(id: string): IntegrationView {
  const client = useClient();
  const [shown, setShown] = useState<{ integration: Integration | null; error: PatchbayError | null }>({ integration: null, error: null });
  const [reads, setReads] = useState(0);
  const reload = useCallback(() => setReads((count) => count + 1), []);
  useEffect(() => client.onChange((change) => {
    if (concerns(change, id)) reload();
  }), [client, id, reload]);
  // Keeps the stream open, so that changes by others are told, too.
  useEffect(() => client.subscribe(() => {}), [client]);
  useEffect(() => {
    const { abort, signal } = startRead();
    client.integration(id, { signal }).then(
      (integration) => setShown({ integration, error: null }),
      (error: unknown) => {
        if (signal.aborted) return;
        if (!(error instanceof PatchbayError)) throw error;
        setShown(({ integration }) => ({ integration: integration?.id === id ? integration : null, error }));
      },
    );
    return abort;
  }, [client, id, reads]);
  return { ...shown, integration: shown.integration?.id === id ? shown.integration : null, reload };
}

function startRead(): { abort: () => void; signal: AbortSignal } {
  const controller = new AbortController();
  return { abort: () => controller.abort(), signal: controller.signal };
}
