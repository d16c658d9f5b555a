/** Which server the elements of a page talk to, and what they share of its answers. */

import { type Client, type ClientOptions, type Integration, createClient } from '@patchbay/client';

let shared: Client | null = null;
const reconnecting = new Set<() => void>();
const details = new WeakMap<Client, Map<string, Promise<Integration>>>();

/** Says which server, token, workspace and notebook every element of the page uses from now on. */
export function configure(options: ClientOptions | Client): Client {
  shared = 'render' in options ? options : createClient(options);
  for (const reconnect of [...reconnecting]) reconnect();
  return shared;
}

/** The client of the page: by default of the server that this module came from. */
export const sharedClient = (): Client => (shared ??= createClient());

/** Calls back when the page's client has been replaced. Returns what ends it. */
export function onConfigure(reconnect: () => void): () => void {
  reconnecting.add(reconnect);
  return () => void reconnecting.delete(reconnect);
}

/** What is declared of an integration: asked for once for all elements, and again after a change. */
export function integrationOf(client: Client, id: string): Promise<Integration> {
  let known = details.get(client);
  if (!known) {
    const created = new Map<string, Promise<Integration>>();
    known = created;
    details.set(client, created);
    client.onChange(({ integration }) => void created.delete(integration));
  }
  const found = known.get(id) ?? client.integration(id);
  known.set(id, found);
  found.catch(() => known.delete(id));
  return found;
}
