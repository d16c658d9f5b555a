/** From a text to a declaration that can be registered. */

import type { Declaration, Linted } from '@patchbay/client';

/** What a manifest alone does not say of its plugin. */
export interface Naming {
  id: string;
  name: string;
  version: string;
}

export const NO_NAMING: Naming = { id: '', name: '', version: '1.0.0' };

/** The declaration, once the text has no error and the plugin has a name; null before. */
export function declarationOf({ kind, value }: Linted, naming: Naming): Declaration | null {
  if (!value) return null;
  if (kind === 'registration') return value as unknown as Declaration;
  if (!naming.id.trim() || !naming.name.trim()) return null;
  return { id: naming.id.trim(), name: naming.name.trim(), version: naming.version.trim(), type: 'integration', manifest: value };
}

/** An id made of a name or a file's name: `Pet Store.yaml` becomes `pet-store`. */
export const idOf = (name: string): string =>
  name.replace(/\.(json|ya?ml)$/i, '').toLowerCase().normalize('NFKD').replace(/\p{M}+/gu, '').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60);

export const EXAMPLE = `${JSON.stringify(
  {
    id: 'example',
    name: 'Example',
    version: '1.0.0',
    type: 'integration',
    manifest: {
      description: 'What this service is good for.',
      integration: { base_url: 'https://api.example.com', auth_method: 'api_key', auth: { type: 'api_key', in: 'header', name: 'X-Api-Key' } },
      properties: [{ name: 'api_key', secure: true, required: true, ui: { label: 'API key' } }],
      endpoints: [{ id: 'status', path: '/status', cache_ttl: 300 }],
      blocks: [{ id: 'status', name: 'Status', endpoint: 'status' }],
    },
  },
  null,
  2,
)}\n`;
