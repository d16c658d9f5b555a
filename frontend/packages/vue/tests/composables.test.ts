import { type Client, createClient } from '@patchbay/client';
import { expect, test, vi } from 'vitest';
import { type Component, createApp, h, nextTick, ref } from 'vue';

import { patchbay, useBlock, useIntegration } from '../src/index.ts';

/** A client whose server answers with what was asked for, and a component that uses it. */
function mount(setup: () => () => unknown) {
  const asked: any[] = [];
  let stream: ReadableStreamDefaultController<Uint8Array> | null = null;
  const events = (): Response =>
    new Response(new ReadableStream({ start: (controller) => void (stream = controller) }), { headers: { 'Content-Type': 'text/event-stream' } });
  const tell = (type: string, data: object): void => stream?.enqueue(new TextEncoder().encode(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`));
  const fetch = async (url: URL | RequestInfo, request?: RequestInit): Promise<Response> => {
    if (new URL(String(url)).pathname === '/api/v1/events') return events();
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
  return { app, asked, client, root, tell };
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

test('what others change is shown, too', async () => {
  const { app, root, tell } = mount(() => {
    const { integration } = useIntegration('meteo');
    const { data } = useBlock('meteo', 'daily', { days: 3 });
    return () => `${integration.value?.name} ${data.value?.days}`;
  });
  await vi.waitFor(() => expect(root.textContent).toMatch(/Name [12] 3/));
  tell('settings.changed', { plugin_id: 'other' });
  tell('settings.changed', { plugin_id: 'meteo' });
  await vi.waitFor(() => expect(root.textContent).toMatch(/Name [34] 3/));
  app.unmount();
});
