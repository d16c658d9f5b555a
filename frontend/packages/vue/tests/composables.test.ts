import { type Client, createClient } from '@patchbay/client';
import { expect, test, vi } from 'vitest';
import { type Component, createApp, h, nextTick, ref } from 'vue';

import { patchbay, useBlock, useIntegration } from '../src/index.ts';

/** A client whose server answers with what was asked for, and a component that uses it. */
function mount(setup: () => () => unknown) {
  const asked: any[] = [];
  const fetch = async (url: URL | RequestInfo, request?: RequestInit): Promise<Response> => {
    const body = JSON.parse(String(request?.body ?? 'null'));
    asked.push(body?.parameters ?? new URL(String(url)).pathname);
    return new Response(JSON.stringify({ success: true, data: body?.parameters, name: `Name ${asked.length}`, fetched_at: null }));
  };
  const client: Client = createClient({ baseUrl: location.origin, fetch });
  const component: Component = { setup: () => { const text = setup(); return () => h('p', String(text())); } };
  const app = createApp(component);
  app.use(patchbay, client);
  const root = document.createElement('div');
  app.mount(root);
  return { app, asked, client, root };
}

test('a block is rendered, and again with other inputs only', async () => {
  const days = ref(3);
  const unrelated = ref(0);
  const { asked, app, root } = mount(() => {
    const { data, status } = useBlock('meteo', 'daily', () => ({ days: days.value, kept: unrelated.value * 0 }));
    return () => `${status.value} ${data.value?.days}`;
  });
  expect(root.textContent).toBe('loading undefined');
  await vi.waitFor(() => expect(root.textContent).toBe('ready 3'));
  unrelated.value = 1;
  await nextTick();
  days.value = 5;
  await vi.waitFor(() => expect(root.textContent).toBe('ready 5'));
  expect(asked).toEqual([{ days: 3, kept: 0 }, { days: 5, kept: 0 }]);
  app.unmount();
});

test('a component that is gone asks for nothing', async () => {
  const { app, asked, client, root } = mount(() => {
    const { status } = useBlock('meteo', 'daily');
    return () => status.value;
  });
  await vi.waitFor(() => expect(root.textContent).toBe('ready'));
  app.unmount();
  await client.enable('meteo', true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(asked.filter((call) => typeof call === 'object').length).toBe(1);
});

test('an integration is read again after a change', async () => {
  const { client, app, root } = mount(() => {
    const { integration } = useIntegration('meteo');
    return () => integration.value?.name;
  });
  await vi.waitFor(() => expect(root.textContent).toBe('Name 1'));
  await client.enable('meteo', false);
  await vi.waitFor(() => expect(root.textContent).toBe('Name 3'));
  app.unmount();
});
