import { expect, test } from 'vitest';

import { createClient, type Rendered } from '../src/index.ts';

interface Sent {
  path: string;
  body: any;
  signal: AbortSignal | undefined;
}

/** A client whose server answers batches with `answer` for each block, and single renders with the block's name. */
function connect(answer: (block: any) => object = ({ block_type }) => ({ success: true, data: block_type })) {
  const sent: Sent[] = [];
  const fetch = async (url: URL | RequestInfo, request?: RequestInit): Promise<Response> => {
    const body = JSON.parse(String(request?.body));
    sent.push({ path: new URL(String(url)).pathname, body, signal: request?.signal ?? undefined });
    if (!body.blocks) return new Response(JSON.stringify({ success: true, data: body.block_type }));
    const lines = body.blocks.map((block: any) => JSON.stringify({ key: block.key, ...answer(block) }));
    return new Response(lines.join('\n'));
  };
  return { sent, client: createClient({ baseUrl: 'http://patchbay.test', fetch }) };
}

const dataOf = (renders: Promise<Rendered>[]): Promise<unknown[]> =>
  Promise.all(renders.map((render) => render.then(({ data }) => data, (error) => error.code ?? error.name)));

test('renders of one tick are one batch', async () => {
  const { sent, client } = connect();
  const early = ['a', 'b'].map((block) => client.render('meteo', block, { days: 3 }));
  const late = Promise.resolve().then(() => client.render('other', 'c', {}, { useCache: false }));
  expect(await dataOf([...early, late])).toEqual(['a', 'b', 'c']);
  expect(sent.map(({ path }) => path)).toEqual(['/api/v1/render-batch']);
  expect(sent[0]?.body.blocks[0]).toEqual({
    key: '0', integration_id: 'meteo', block_type: 'a', parameters: { days: 3 }, use_cache: true,
  });
  expect(sent[0]?.body.blocks[2].use_cache).toBe(false);
});

test('a render alone in its tick is a request of its own', async () => {
  const { sent, client } = connect();
  expect(await dataOf([client.render('meteo', 'a')])).toEqual(['a']);
  expect(await dataOf([client.render('meteo', 'b')])).toEqual(['b']);
  expect(sent.map(({ path }) => path)).toEqual(Array(2).fill('/api/v1/integrations/meteo/render'));
});

test('more blocks than a batch takes are several batches', async () => {
  const { sent, client } = connect();
  const renders = Array.from({ length: 401 }, (_, index) => client.render('meteo', `b${index}`));
  expect((await dataOf(renders))[400]).toBe('b400');
  expect(sent.map(({ body }) => body.blocks?.length)).toEqual([200, 200, undefined]);
});

test('a block of a batch fails alone', async () => {
  const { client } = connect(({ block_type }) =>
    block_type === 'bad' ? { success: false, code: 'invalid', status: 422, detail: 'No.' } : { success: true, data: 1 },
  );
  expect(await dataOf([client.render('m', 'good'), client.render('m', 'bad')])).toEqual([1, 'invalid']);
});

test('a batch that ends too early is a failure of the network for those that are missing', async () => {
  const fetch = async (): Promise<Response> => new Response('{"key":"0","success":true,"data":1}\n');
  const client = createClient({ baseUrl: 'http://patchbay.test', fetch });
  expect(await dataOf([client.render('m', 'a'), client.render('m', 'b')])).toEqual([1, 'network']);
});

test('a batch that is refused as a whole fails for each', async () => {
  const fetch = async (): Promise<Response> =>
    new Response('{"code":"unauthorized","detail":"No token."}', { status: 401 });
  const client = createClient({ baseUrl: 'http://patchbay.test', fetch });
  expect(await dataOf([client.render('m', 'a'), client.render('m', 'b')])).toEqual(['unauthorized', 'unauthorized']);
});

test('whoever aborts leaves the batch, and the last one ends it', async () => {
  const { sent, client } = connect();
  const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
  const renders = [first, second, third].map(({ signal }, index) => client.render('m', `b${index}`, {}, { signal }));
  first.abort();
  expect(await dataOf(renders)).toEqual(['AbortError', 'b1', 'b2']);
  expect(sent[0]?.body.blocks.length).toBe(2);
  second.abort();
  expect(sent[0]?.signal?.aborted).toBe(false);
  third.abort();
  expect(sent[0]?.signal?.aborted).toBe(true);
});

test('nothing is sent when all have left before', async () => {
  const { sent, client } = connect();
  const controller = new AbortController();
  const render = client.render('m', 'a', {}, { signal: controller.signal });
  controller.abort();
  expect(await dataOf([render])).toEqual(['AbortError']);
  await new Promise((resolve) => setTimeout(resolve));
  expect(sent).toEqual([]);
});
