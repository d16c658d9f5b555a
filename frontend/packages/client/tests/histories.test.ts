import { expect, test } from 'vitest';

import { type Series, createClient } from '../src/index.ts';

/** A client whose server answers with a series named like the block, and refuses the block `bad`. */
function connect(fails = false) {
  const sent: any[] = [];
  const fetch = async (url: URL | RequestInfo, request?: RequestInit): Promise<Response> => {
    const body = JSON.parse(String(request?.body));
    sent.push({ path: new URL(String(url)).pathname, ...body });
    if (fails) return new Response('{"code": "unauthorized", "detail": "No."}', { status: 401 });
    const histories = body.blocks.map(({ key, block_type }: any) =>
      block_type === 'bad'
        ? { key, status: 404, code: 'not_found', detail: 'There is none.' }
        : { key, status: 200, series: [{ field: block_type, unit: null, min: 1, max: 2, points: [[0, 1]] }] },
    );
    return new Response(JSON.stringify({ histories }));
  };
  return { sent, client: createClient({ baseUrl: 'http://patchbay.test', fetch }) };
}

const fieldsOf = (calls: Promise<Series[]>[]): Promise<unknown[]> =>
  Promise.all(calls.map((call) => call.then(([first]) => first?.field, (error) => error.code)));

test('calls of one tick are one request, and a block fails alone', async () => {
  const { sent, client } = connect();
  const calls = ['a', 'bad', 'c'].map((block) => client.history('meteo', block, { days: 3 }, { since: '24h' }));
  expect(await fieldsOf(calls)).toEqual(['a', 'not_found', 'c']);
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ path: '/api/v1/history', since: '24h' });
  expect(sent[0].blocks[0]).toEqual({ key: '0', integration_id: 'meteo', block_type: 'a', parameters: { days: 3 } });
});

test('each span is a request of its own', async () => {
  const { sent, client } = connect();
  const calls = [client.history('m', 'a', {}, { since: '24h' }), client.history('m', 'b', {}, { points: 20 }), client.history('m', 'c')];
  expect(await fieldsOf(calls)).toEqual(['a', 'b', 'c']);
  expect(sent.map(({ since, points }) => [since, points])).toEqual([['24h', undefined], [undefined, 20], [undefined, undefined]]);
});

test('more blocks than a batch takes are several batches', async () => {
  const { sent, client } = connect();
  const calls = Array.from({ length: 201 }, (_, index) => client.history('m', `b${index}`));
  expect((await fieldsOf(calls)).at(-1)).toBe('b200');
  expect(sent.map(({ blocks }) => blocks.length)).toEqual([200, 1]);
});

test('a failed request fails for all', async () => {
  const { client } = connect(true);
  expect(await fieldsOf([client.history('m', 'a'), client.history('m', 'b')])).toEqual(['unauthorized', 'unauthorized']);
});
