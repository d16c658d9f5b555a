/** Opens the notebook: shows what it holds at once, and declares this frontend's plugins meanwhile. */

import { PatchbayError, createClient } from '@patchbay/client';
import { configure } from '@patchbay/elements';
import '@patchbay/ui';
import { createApp } from 'vue';

import App from './App.vue';
import ClosedPage from './ClosedPage.vue';
import { NOTEBOOK, type Notebook, createNotebook, declareIntegrations } from './notebook.ts';
import { BOARD, PAGE } from './registry/views.ts';
import './notebook.css';

/** The notebook that the address names, else the first one of the first workspace, with what it holds. */
async function findNotebook(): Promise<Notebook> {
  const asked = new URLSearchParams(location.search);
  const anywhere = createClient();
  const workspaceId = Number(asked.get('workspace_id')) || (await anywhere.workspaces())[0]?.id;
  if (workspaceId === undefined) throw notFound('There is no workspace.');
  const [rows, views] = await Promise.all([anywhere.notebooks(workspaceId), anywhere.plugins('view')]);
  const wanted = Number(asked.get('notebook_id'));
  const row = rows.find(({ id }) => id === wanted) ?? rows[0] ?? (await anywhere.createNotebook(workspaceId, 'Notebook'));
  const client = createClient({ workspace: workspaceId });
  const reader = createClient({ workspace: workspaceId, notebook: row.id });
  const notebook = createNotebook({ workspaceId, row, client, reader });
  const isKnown = (view: string): boolean => views.some(({ id }) => id === view);
  // On the very first visit there is nothing to read.
  await Promise.all([isKnown(BOARD) && notebook.contents.reload(), isKnown(PAGE) && notebook.page.reload()]);
  return notebook;
}

const notFound = (detail: string): PatchbayError => new PatchbayError({ code: 'not_found', status: 404, detail });

async function open(): Promise<void> {
  const notebook = await findNotebook();
  configure(notebook.reader);
  createApp(App).provide(NOTEBOOK, notebook).mount('#app');
  document.body.dataset.ready = 'true';
  await declareIntegrations(notebook);
}

open().catch((error: unknown) => {
  if (document.body.dataset.ready) throw error;
  createApp(ClosedPage, { error }).mount('#app');
  if (!(error instanceof PatchbayError)) throw error;
});
