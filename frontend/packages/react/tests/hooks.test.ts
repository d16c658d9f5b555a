import { type Client, createClient } from '@patchbay/client';
import { type ReactNode, StrictMode, act, createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { beforeAll, expect, test, vi } from 'vitest';

import { PatchbayProvider, useBlock, useIntegration } from '../src/index.ts';

beforeAll(() => void vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true));

/** A client whose server answers with what was asked for, and a component that uses it in strict mode. */
function mount<Props extends object>(Component: (props: Props) => ReactNode) {
  const asked: any[] = [];
  let stream: ReadableStreamDefaultController<Uint8Array> | null = null;
  const events = (): Response =>
    new Response(new ReadableStream({ start: (controller) => void (stream = controller) }), { headers: { 'Content-Type': 'text/event-stream' } });
  const tell = (type: string, data: object): void => stream?.enqueue(new TextEncoder().encode(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`));
  const fetch = async (url: URL | RequestInfo, request?: RequestInit): Promise<Response> => {
    if (new URL(String(url)).pathname === '/api/v1/events') return events();
    const body = JSON.parse(String(request?.body ?? 'null'));
    asked.push(body?.parameters ?? new URL(String(url)).pathname);
    return new Response(JSON.stringify({ success: true, data: body?.parameters, id: 'meteo', name: `Name ${asked.length}`, fetched_at: null }));
  };
  const client: Client = createClient({ baseUrl: location.origin, fetch });
  const place = document.createElement('div');
  const root = createRoot(place);
  const show = (props: Props): Promise<void> =>
    act(async () => root.render(createElement(StrictMode, null, createElement(PatchbayProvider, { value: client }, createElement(Component, props)))));
  const reads = (text: string): Promise<void> => vi.waitFor(async () => {
    await act(async () => {});
    expect(place.textContent).toBe(text);
  });
  return { asked, client, show, reads, tell, unmount: () => act(async () => root.unmount()) };
}

test('a block is rendered, and again with other inputs only', async () => {
  const { asked, show, reads, unmount } = mount(({ days }: { days: number; other?: number }) => {
    const { data, status } = useBlock('meteo', 'daily', { days });
    return `${status} ${data?.days}`;
  });
  await show({ days: 3 });
  await reads('ready 3');
  await show({ days: 3, other: 1 });
  await show({ days: 5 });
  await reads('ready 5');
  expect(asked).toEqual([{ days: 3 }, { days: 5 }]);
  await unmount();
});

test('an integration is read again after a change, and not when its component is gone', async () => {
  const { asked, client, show, reads, unmount } = mount(() => useIntegration('meteo').integration?.name ?? 'none');
  await show({});
  await reads(`Name ${asked.length}`);
  const before = asked.length;
  await act(async () => void (await client.enable('meteo', false)));
  await reads(`Name ${before + 2}`);
  await unmount();
  await client.enable('meteo', true);
  expect(asked.length).toBe(before + 3);
});

test('what others change is shown, too', async () => {
  const { asked, show, reads, tell, unmount } = mount(() => useIntegration('meteo').integration?.name ?? 'none');
  await show({});
  await reads(`Name ${asked.length}`);
  const before = asked.length;
  tell('settings.changed', { plugin_id: 'other' });
  tell('settings.changed', { plugin_id: 'meteo' });
  await reads(`Name ${before + 1}`);
  await unmount();
});
