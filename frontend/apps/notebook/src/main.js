/** Opens the notebook: declares this frontend's plugins in one batch, then shows the blocks. */

import { createClient, PatchbayError } from '@patchbay/client';
import { byId, h } from './dom.js';
import { refreshAges } from './drawing/values.js';
import { NotebookOnPage } from './notebook.js';
import { loadDeclarations } from './plugins.js';
import { openStore } from './store.js';
import './notebook.css';
import './blocks.css';

const AGES_EVERY_MILLISECONDS = 20_000;

/**
 * The notebook that the address names, else the first one of the first workspace.
 *
 * @returns {Promise<{ workspaceId: number, notebookId: number, name: string }>}
 */
async function findNotebook() {
  const asked = new URLSearchParams(location.search);
  const anywhere = createClient();
  const workspaceId = Number(asked.get('workspace_id')) || (await anywhere.workspaces())[0].id;
  const notebooks = await anywhere.notebooks(workspaceId);
  const wanted = Number(asked.get('notebook_id'));
  const notebook = notebooks.find(({ id }) => id === wanted) ?? notebooks[0];
  if (!notebook) {
    throw new PatchbayError({ code: 'not_found', status: 404, detail: 'This workspace has no notebook.' });
  }
  return { workspaceId, notebookId: notebook.id, name: notebook.name };
}

async function open() {
  const { workspaceId, notebookId, name } = await findNotebook();
  byId('notebook-name').textContent = name;
  document.title = `${name} · Patchbay`;
  // Settings are the workspace's; a notebook may differ from it, so its blocks are rendered in its own scope.
  const client = createClient({ workspace: workspaceId });
  const reader = createClient({ workspace: workspaceId, notebook: notebookId });
  const declared = await loadDeclarations();
  const batch = await client.register(declared);
  const listed = await client.integrations();
  const integrations = await Promise.all(listed.map(({ id }) => client.integration(id)));
  const store = openStore(workspaceId, notebookId);
  const notebook = new NotebookOnPage({ client, reader, store, declared, batch, integrations });
  notebook.start();
  openAskedSettings(notebook);
  document.body.dataset.ready = 'true';
  setInterval(() => refreshAges(document), AGES_EVERY_MILLISECONDS);
}

/**
 * Opens the settings that the address asks for: whoever comes back from a provider goes on where they left.
 *
 * @param {NotebookOnPage} notebook
 */
function openAskedSettings(notebook) {
  const address = new URL(location.href);
  const asked = address.searchParams.get('settings');
  if (asked === null) return;
  address.searchParams.delete('settings');
  history.replaceState(null, '', address);
  if (notebook.integrations.has(asked)) notebook.openSettings(asked);
}

/** @param {unknown} error */
function showThatItFailed(error) {
  const detail = error instanceof PatchbayError ? error.detail : 'The notebook could not be opened.';
  byId('blocks').replaceChildren(
    h('div', { class: 'empty', role: 'alert' }, [
      h('h2', {}, 'The notebook stays closed'),
      h('p', {}, detail),
      h('button', { type: 'button', class: 'button primary', onclick: () => location.reload() }, 'Try again'),
    ]),
  );
  if (!(error instanceof PatchbayError)) throw error;
}

open().catch(showThatItFailed);
