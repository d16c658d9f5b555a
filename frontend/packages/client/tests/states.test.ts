import { expect, test } from 'vitest';

import { type Inputs, createClient } from '../src/index.ts';

interface Sent {
  method: string;
  ifMatch: string | null;
}

/** A server that keeps one state. `weaken` stands for a proxy that compresses. */
function keep({ weaken = (tag: string) => tag, always412 = false } = {}) {
  let config: Inputs = { blocks: [] };
  let version = 0;
  const sent: Sent[] = [];
  const fetch = async (_url: URL | RequestInfo, { method = 'GET', body, headers }: RequestInit = {}): Promise<Response> => {
    const ifMatch = new Headers(headers).get('If-Match');
    sent.push({ method, ifMatch });
    if (method === 'PUT') {
      if (always412 || (ifMatch !== null && ifMatch !== `"${version}"`)) {
        return Response.json({ code: 'precondition_failed', detail: 'It was changed.' }, { status: 412 });
      }
      config = JSON.parse(String(body)).config;
      version += 1;
    }
    return Response.json({ plugin_id: 'board', config }, { headers: { ETag: weaken(`"${version}"`) } });
  };
  const open = () => createClient({ baseUrl: 'http://patchbay.test', notebook: 1, fetch });
  return { open, sent, config: () => config };
}

const add = (block: string) => (config: Inputs): Inputs => ({ ...config, blocks: [...(config.blocks as string[]), block] });

test('a state comes with its tag', async () => {
  const client = keep().open();
  expect(await client.pluginState('board')).toEqual({ plugin_id: 'board', config: { blocks: [] }, etag: '"0"' });
  expect((await client.setPluginState('board', { config: {} })).etag).toBe('"1"');
});

test('of changes in several tabs none is lost', async () => {
  const server = keep();
  const blocks = ['a', 'b', 'c', 'd', 'e'];
  await Promise.all(blocks.map((block) => server.open().changePluginState('board', add(block))));
  expect((server.config().blocks as string[]).sort()).toEqual(blocks);
});

test('a change by hand fails where it is not of the newest state', async () => {
  const client = keep().open();
  const { etag } = await client.pluginState('board');
  await client.setPluginState('board', { config: { a: 1 } }, { etag });
  await expect(client.setPluginState('board', { config: { b: 1 } }, { etag })).rejects.toMatchObject({
    code: 'precondition_failed', status: 412,
  });
  expect((await client.setPluginState('board', { config: { c: 1 } })).config).toEqual({ c: 1 });
});

test('a tag that a proxy made weak still matches', async () => {
  const server = keep({ weaken: (tag) => `W/${tag}` });
  await server.open().changePluginState('board', add('a'));
  expect(server.sent.map(({ ifMatch }) => ifMatch)).toEqual([null, '"0"']);
});

test('a change that never comes through ends with the failure', async () => {
  const server = keep({ always412: true });
  await expect(server.open().changePluginState('board', add('a'))).rejects.toMatchObject({ code: 'precondition_failed' });
  expect(server.sent.filter(({ method }) => method === 'PUT').length).toBe(20);
});

test('a change that throws writes nothing, and one in place is no change of what was read', async () => {
  const server = keep();
  const client = server.open();
  await expect(client.changePluginState('board', () => { throw new RangeError('full'); })).rejects.toThrow('full');
  expect(server.sent.map(({ method }) => method)).toEqual(['GET']);
  const changed = await client.changePluginState('board', (config) => Object.assign(config, { blocks: ['x'] }));
  expect(changed.config).toEqual({ blocks: ['x'] });
});

test('those who show the plugin hear of the change once', async () => {
  const client = keep().open();
  const heard: unknown[] = [];
  client.onChange(({ integration }) => heard.push(integration));
  await client.changePluginState('board', add('a'));
  expect(heard).toEqual(['board']);
});

test('a small change goes on when its page goes; one that a browser would refuse to keep alive is sent as usual', async () => {
  const kept: (boolean | undefined)[] = [];
  const fetch = async (_url: URL | RequestInfo, { keepalive }: RequestInit = {}): Promise<Response> => {
    kept.push(keepalive);
    return Response.json({ config: {} });
  };
  const client = createClient({ baseUrl: 'http://patchbay.test', notebook: 1, fetch });
  await client.setPluginState('board', { config: { a: 1 } }, { keepalive: true });
  await client.setPluginState('board', { config: { text: 'x'.repeat(70_000) } }, { keepalive: true });
  await client.setPluginState('board', { config: {} });
  expect(kept).toEqual([true, false, false]);
});
