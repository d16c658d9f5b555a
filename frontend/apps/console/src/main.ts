/** Opens the console: everything that Patchbay keeps and does, for the person who runs it. */

import '@patchbay/ui';
import { createClient } from '@patchbay/client';
import { createApp } from 'vue';

import App from './App.vue';
import { CONSOLE, openConsole } from './console.ts';
import { readWorkspaces } from './reading.ts';
import { createConsoleRouter } from './router.ts';
import ClosedPage from './shell/ClosedPage.vue';
import './console.css';

async function open(): Promise<void> {
  const client = createClient();
  const router = createConsoleRouter();
  // The router begins with the page of the address once an app uses it: its chunk comes while the workspaces do.
  const app = createApp(App).use(router);
  const [workspaces] = await Promise.all([readWorkspaces(client), router.isReady()]);
  app.provide(CONSOLE, openConsole(router, client, workspaces)).mount('#app');
  document.body.dataset.ready = 'true';
}

open().catch((error: unknown) => {
  createApp(ClosedPage, { error }).mount('#app');
});
