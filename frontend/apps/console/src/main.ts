/** Opens the console: everything that Patchbay keeps and does, for the person who runs it. */

import '@patchbay/ui';
import { createApp } from 'vue';

import App from './App.vue';
import { CONSOLE, openConsole } from './console.ts';
import { createConsoleRouter } from './router.ts';
import ClosedPage from './shell/ClosedPage.vue';
import './console.css';

async function open(): Promise<void> {
  const router = createConsoleRouter();
  // The router begins with the page of the address once an app uses it.
  const app = createApp(App).use(router);
  await router.isReady();
  app.provide(CONSOLE, await openConsole(router)).mount('#app');
  document.body.dataset.ready = 'true';
}

open().catch((error: unknown) => {
  createApp(ClosedPage, { error }).mount('#app');
});
