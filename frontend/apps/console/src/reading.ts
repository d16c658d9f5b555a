/** Lists that the pages read. */

import type { Client, IntegrationName, Notebook, Workspace } from '@patchbay/client';

/** A workspace with its notebooks. */
export interface WorkspaceWithNotebooks extends Workspace {
  notebooks: Notebook[];
}

/** Every workspace with its notebooks, the first one first. */
export const readWorkspaces = (client: Client): Promise<WorkspaceWithNotebooks[]> => readAll(client, '/workspaces', { include: 'notebooks' });

/** What every integration is called, and whether it is on. */
export const readNames = (client: Client): Promise<IntegrationName[]> => readAll(client, '/integration-names');

/** A list, page after page. */
async function readAll(client: Client, path: string, query: Record<string, string> = {}): Promise<any[]> {
  const { items, total } = await client.page(path, query);
  for (let page = 2; items.length < total; page += 1) {
    const more = await client.page(path, { ...query, page });
    if (more.items.length === 0) break;
    items.push(...more.items);
  }
  return items;
}
