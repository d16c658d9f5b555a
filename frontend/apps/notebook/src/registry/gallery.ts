/** What can be added: integrations whose manifests ship with this frontend, and those that others declared. */

import { type Block, type Client, type Declaration, type Integration, PatchbayError } from '@patchbay/client';
import { pageAddress } from '@patchbay/ui';

export interface OfferedBlock {
  id: string;
  name: string;
  description: string;
  /** How it is drawn, where its manifest says so. */
  kind: string | null;
  is_action: boolean;
  takes_url: boolean;
  url_patterns: string[];
}

export interface Offer {
  id: string;
  name: string;
  version: string;
  description: string;
  icon: string | null;
  /** Labels of the settings that a person has to enter. */
  needs: string[];
  /** Whether a person signs in at the provider. */
  signs_in: boolean;
  blocks: OfferedBlock[];
  /** Whether another frontend declared it. This one shows it, and leaves its declaration alone. */
  is_foreign?: boolean;
}

let offers: Promise<Offer[]> | null = null;

/** The integrations that ship with this frontend; asked for once. */
export function loadOffers(): Promise<Offer[]> {
  offers ??= getJson<Offer[]>(pageAddress('/notebook/gallery.json'));
  offers.catch(() => (offers = null));
  return offers;
}

/** The integrations beside these that Patchbay knows. */
export async function loadForeignOffers(client: Client, own: readonly Offer[]): Promise<Offer[]> {
  const known = new Set(own.map(({ id }) => id));
  const ids = (await client.integrations()).map(({ id }) => id).filter((id) => !known.has(id));
  return ids.length === 0 ? [] : (await client.integrationDetails(ids)).map(offerOf);
}

function offerOf({ id, name, version, description, icon, missing, properties, auth_method: method, blocks }: Integration): Offer {
  const labelOf = (key: string): string => properties.find((property) => property.name === key)?.ui?.label ?? key;
  return {
    id, name, version, icon, is_foreign: true,
    description: description ?? '',
    needs: missing.map(labelOf),
    signs_in: method === 'oauth2_authorization_code',
    blocks: blocks.map(offeredBlockOf),
  };
}

const offeredBlockOf = ({ id, name, description, display, action, config_schema: inputs, url_patterns: patterns }: Block): OfferedBlock => ({
  id,
  name: name ?? id,
  description: description ?? '',
  kind: display?.kind ?? null,
  is_action: action !== undefined,
  takes_url: inputs?.url !== undefined,
  url_patterns: patterns ?? [],
});

export const loadDeclaration = (id: string): Promise<Declaration> =>
  getJson(pageAddress(`/notebook/plugins/${encodeURIComponent(id)}.json`));

/** Declares one integration. Rejects with what is wrong with it. */
export async function declare(client: Client, id: string): Promise<void> {
  const { results } = await client.register(await loadDeclaration(id));
  const [result] = results;
  if (result && !result.registered) {
    throw new PatchbayError({ code: 'invalid', status: 422, detail: `${id} was not accepted: ${result.message ?? ''}`, errors: result.errors ?? null });
  }
}

export const isReady = ({ needs, signs_in: signsIn }: Offer): boolean => needs.length === 0 && !signsIn;

async function getJson<Answer>(path: string): Promise<Answer> {
  const failed = (cause?: unknown): PatchbayError =>
    new PatchbayError({ code: 'network', status: 0, detail: 'The gallery cannot be loaded. Is Patchbay running?', cause });
  const response = await fetch(path, { headers: { Accept: 'application/json' } }).catch((cause: unknown) => Promise.reject(failed(cause)));
  if (!response.ok) throw failed();
  return response.json();
}
