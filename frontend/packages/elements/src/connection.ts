/** Which server the elements of a page talk to, and what they share of its answers. */

import { type Client, type ClientOptions, type Integration, PatchbayError, createClient } from '@patchbay/client';

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
    client.onChange(({ integration }) => (integration === null ? created.clear() : created.delete(integration)));
  }
  const found = known.get(id) ?? new Promise<Integration>((resolve, reject) => ask(client, { id, resolve, reject }));
  known.set(id, found);
  found.catch(() => known.delete(id));
  return found;
}

interface Asked {
  id: string;
  resolve: (integration: Integration) => void;
  reject: (error: unknown) => void;
}

const asked = new Map<Client, Asked[]>();

/** Asks for the integrations of one tick in one request. */
function ask(client: Client, one: Asked): void {
  const waiting = asked.get(client);
  if (waiting) {
    waiting.push(one);
    return;
  }
  asked.set(client, [one]);
  setTimeout(() => void answer(client));
}

async function answer(client: Client): Promise<void> {
  const waiting = asked.get(client) ?? [];
  asked.delete(client);
  try {
    const found = await client.integrationDetails(waiting.map(({ id }) => id));
    for (const { id, resolve, reject } of waiting) {
      const integration = found.find((candidate) => candidate.id === id);
      if (integration) resolve(integration);
      else reject(new PatchbayError({ code: 'not_found', status: 404, detail: `There is no integration ${id}.` }));
    }
  } catch (error) {
    for (const { reject } of waiting) reject(error);
  }
}
