/** The open console: where it looks, and the clients that speak for that place. */

import { type Client, type Notebook, PatchbayError, createClient } from '@patchbay/client';
import { configure } from '@patchbay/elements/core';
import { type ComputedRef, type InjectionKey, type ShallowRef, computed, inject, shallowRef, watch } from 'vue';
import type { Router } from 'vue-router';

import { type Place, placeOf } from './place.ts';
import { type WorkspaceWithNotebooks, readWorkspaces } from './reading.ts';

export interface Console {
  workspaces: ShallowRef<WorkspaceWithNotebooks[]>;
  /** Those of the workspace. */
  notebooks: ComputedRef<Notebook[]>;
  place: ComputedRef<Place>;
  workspace: ComputedRef<WorkspaceWithNotebooks>;
  /** The chosen notebook; null while the console is about the whole workspace. */
  notebook: ComputedRef<Notebook | null>;
  /** Speaks for the notebook, or for the workspace where none is chosen. */
  client: ComputedRef<Client>;
  /** Speaks for the workspace, whatever notebook is chosen. */
  workspaceClient: ComputedRef<Client>;
  /** Reads workspaces and notebooks again. */
  reload: () => Promise<void>;
}

/** The console over these workspaces. The router has to be ready. Throws when there is none. */
export function openConsole(router: Router, anywhere: Client, read: WorkspaceWithNotebooks[]): Console {
  const workspaces = shallowRef(read);
  const place = computed(() => placeOf(router.currentRoute.value.query));
  const workspace = computed(() => chosenWorkspace(workspaces.value, place.value));
  const notebooks = computed(() => workspace.value.notebooks);
  const notebook = computed(() => notebooks.value.find(({ id }) => id === place.value.notebookId) ?? null);
  const workspaceId = computed(() => workspace.value.id);
  const notebookId = computed(() => notebook.value?.id);

  const workspaceClient = computed(() => createClient({ workspace: workspaceId.value }));
  const client = computed(() => (notebookId.value === undefined ? workspaceClient.value : createClient({ workspace: workspaceId.value, notebook: notebookId.value })));
  watch(client, (chosen) => configure(chosen), { immediate: true });

  return {
    workspaces, notebooks, place, workspace, notebook, client, workspaceClient,
    reload: async () => {
      workspaces.value = await readWorkspaces(anywhere);
    },
  };
}

function chosenWorkspace(workspaces: readonly WorkspaceWithNotebooks[], { workspaceId }: Place): WorkspaceWithNotebooks {
  const found = workspaces.find(({ id }) => id === workspaceId) ?? workspaces[0];
  if (!found) throw new PatchbayError({ code: 'not_found', status: 404, detail: 'There is no workspace.' });
  return found;
}

export const CONSOLE: InjectionKey<Console> = Symbol('console');

/** The console that is open. */
export function useConsole(): Console {
  const found = inject(CONSOLE);
  if (!found) throw new Error('There is no console here.');
  return found;
}

/** The client for the place that a page was opened for; pages are opened anew for another place. */
export const useClient = (): Client => useConsole().client.value;
