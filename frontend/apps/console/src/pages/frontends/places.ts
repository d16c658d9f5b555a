/** What a token can be limited to. */

import type { Client, Notebook, Workspace } from '@patchbay/client';

import { readWorkspaces } from '../../reading.ts';

export interface Choices {
  workspaces: Workspace[];
  notebooks: Notebook[];
}

/** Reads every workspace and notebook. */
export async function readChoices(client: Client): Promise<Choices> {
  const workspaces = await readWorkspaces(client);
  return { workspaces, notebooks: workspaces.flatMap(({ notebooks }) => notebooks) };
}
