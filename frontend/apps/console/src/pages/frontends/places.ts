/** What a token can be limited to. */

import type { Client, Notebook, Plugin, Workspace } from '@patchbay/client';

export interface Choices {
  workspaces: Workspace[];
  notebooks: Notebook[];
  plugins: Plugin[];
}

/** Reads every workspace, notebook and plugin. */
export async function readChoices(client: Client): Promise<Choices> {
  const [workspaces, plugins] = await Promise.all([client.workspaces(), client.plugins()]);
  const notebooks = await Promise.all(workspaces.map(({ id }) => client.notebooks(id)));
  return { workspaces, notebooks: notebooks.flat(), plugins };
}
