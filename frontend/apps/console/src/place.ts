/** The workspace and the notebook that the console is about, as the address says them. */

import type { LocationQuery, LocationQueryRaw } from 'vue-router';

export interface Place {
  /** null is the first workspace. */
  workspaceId: number | null;
  /** null is no notebook: what is shown and set counts in the whole workspace. */
  notebookId: number | null;
}

export const placeOf = (query: LocationQuery): Place => ({
  workspaceId: idOf(query.workspace_id),
  notebookId: idOf(query.notebook_id),
});

/** What stands for a place in an address; what is left out is the default. */
export function queryOf({ workspaceId, notebookId }: Place): LocationQueryRaw {
  return {
    ...(workspaceId !== null && { workspace_id: String(workspaceId) }),
    ...(notebookId !== null && { notebook_id: String(notebookId) }),
  };
}

export const isSamePlace = (one: Place, other: Place): boolean =>
  one.workspaceId === other.workspaceId && one.notebookId === other.notebookId;

function idOf(value: LocationQuery[string] | undefined): number | null {
  const id = Number([value].flat()[0]);
  return Number.isSafeInteger(id) && id > 0 ? id : null;
}
