import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type Declaration, createClient } from '../src/index.ts';

const PLUGIN: Declaration = { id: 'a', name: 'A', version: '1.0.0', type: 'view', manifest: {} };
const DONE = { registered: 1, updated: 0, unchanged: 0, failed: 0, results: [{ id: 'a', registered: true }] };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A client whose server gives these answers in turn. */
function connect(...answers: (() => Response)[]) {
  const fetch = vi.fn(async (): Promise<Response> => (answers.shift() ?? (() => new Response(JSON.stringify(DONE))))());
  return { fetch, client: createClient({ baseUrl: location.origin, fetch }) };
}

const refused = (): Response => {
  throw new TypeError('Failed to fetch');
};

test('a declaration waits for a server that does not run yet', async () => {
  const proxy = (): Response => new Response('', { status: 502 });
  const { fetch, client } = connect(refused, proxy, refused);
  const registered = client.register(PLUGIN);
  await vi.advanceTimersByTimeAsync(500 + 1000 + 1999);
  expect(fetch).toHaveBeenCalledTimes(3);
  await vi.advanceTimersByTimeAsync(1);
  expect(await registered).toMatchObject({ registered: 1, results: [{ id: 'a' }] });
});

test('a declaration that is refused is not repeated', async () => {
  const { fetch, client } = connect(() => new Response('{"code":"unauthorized"}', { status: 401 }));
  await expect(client.register(PLUGIN)).rejects.toMatchObject({ code: 'unauthorized' });
  expect(fetch).toHaveBeenCalledTimes(1);
});

test('an aborted declaration is not repeated', async () => {
  const { fetch, client } = connect(refused, refused);
  const controller = new AbortController();
  const registered = client.register(PLUGIN, { signal: controller.signal });
  const outcome = expect(registered).rejects.toThrow('aborted');
  await vi.advanceTimersByTimeAsync(100);
  controller.abort(new Error('aborted'));
  await outcome;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fetch).toHaveBeenCalledTimes(1);
});

test('more plugins than a batch takes are several batches with one result', async () => {
  const { fetch, client } = connect();
  const result = await client.register(Array.from({ length: 1001 }, () => PLUGIN));
  expect(fetch).toHaveBeenCalledTimes(2);
  expect(result).toMatchObject({ registered: 2, failed: 0 });
  expect(result.results.length).toBe(2);
});

test('an empty list is declared, too', async () => {
  const { fetch, client } = connect();
  await client.register([]);
  expect(fetch).toHaveBeenCalledTimes(1);
});
