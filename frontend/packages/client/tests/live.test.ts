import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type Change, type LiveEvent, createClient } from '../src/index.ts';
import { retryDelay } from '../src/live.ts';

interface Stream {
  send: (text: string) => Promise<void>;
  end: () => Promise<void>;
  break: () => Promise<void>;
  headers: Headers;
  signal: AbortSignal;
}

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

/** A server of streams: each request gets the next answer of `answers`, and a new stream when there is none. */
function serve(...answers: (Response | Error)[]) {
  const streams: Stream[] = [];
  let requests = 0;
  const fetch = async (url: URL | RequestInfo, init: RequestInit = {}): Promise<Response> => {
    expect(String(url)).toBe('http://patchbay.test/api/v1/events?workspace_id=1&notebook_id=2');
    requests += 1;
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    if (answer) return answer;
    const encoder = new TextEncoder();
    let body!: ReadableStreamDefaultController<Uint8Array>;
    const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (body = controller) });
    const signal = init.signal as AbortSignal;
    signal.addEventListener('abort', () => body.error(signal.reason));
    streams.push({
      headers: new Headers(init.headers),
      signal,
      send: async (text) => {
        body.enqueue(encoder.encode(text));
        await settled();
      },
      end: async () => {
        body.close();
        await settled();
      },
      break: async () => {
        body.error(new TypeError('reset'));
        await settled();
      },
    });
    return new Response(stream, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } });
  };
  const client = createClient({ baseUrl: 'http://patchbay.test', token: 't', workspace: 1, notebook: 2, fetch });
  const last = (): Stream => {
    const stream = streams.at(-1);
    if (!stream) throw new Error('There is no stream.');
    return stream;
  };
  return { client, streams, last, requests: () => requests };
}

const listen = (client: ReturnType<typeof serve>['client'], options: { signal?: AbortSignal } = {}) => {
  const events: LiveEvent[] = [];
  const status: boolean[] = [];
  const end = client.subscribe((event) => events.push(event), { ...options, onStatus: (isOpen) => status.push(isOpen) });
  return { events, status, end, types: () => events.map(({ type }) => type) };
};

const event = (id: number, type: string, data: object = {}): string =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
const show = (isHidden: boolean): void => {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(isHidden);
  document.dispatchEvent(new Event('visibilitychange'));
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('events are read as they arrive, in whichever pieces', async () => {
  const { client, last } = serve();
  const { events, status } = listen(client);
  await settled();
  expect(['Accept', 'Authorization', 'Last-Event-ID'].map((name) => last().headers.get(name))).toEqual(['text/event-stream', 'Bearer t', null]);
  const text = `retry: 3000\nid: 4\n\n${event(5, 'settings.changed', { plugin_id: 'm', block_id: null })}:\nid: 6\n\n`;
  for (const character of text.replaceAll('\n', '\r\n')) await last().send(character);
  await last().send(`event: plugin.declared\ndata: {"plugin_id":"é",\ndata: "type":"view"}\n\nevent: never\ndata: {}\n`);
  expect(status).toEqual([true]);
  expect(events).toEqual([
    { type: 'settings.changed', id: '5', plugin_id: 'm', block_id: null, plugin_type: undefined },
    { type: 'plugin.declared', id: '6', plugin_id: 'é', plugin_type: 'view' },
  ]);
});

test('however many listen, there is one stream, and none after the last', async () => {
  const { client, last, requests } = serve();
  const controller = new AbortController();
  const [first, second] = [listen(client), listen(client, { signal: controller.signal })];
  await settled();
  await last().send(event(1, 'settings.changed'));
  const third = listen(client);
  await last().send(event(2, 'secret.changed'));
  expect([first, second, third].map(({ types }) => types().length)).toEqual([2, 2, 1]);
  expect(third.status).toEqual([true]);
  first.end();
  first.end();
  controller.abort();
  third.end();
  await vi.advanceTimersByTimeAsync(500);
  const fourth = listen(client);
  await vi.advanceTimersByTimeAsync(5000);
  expect([requests(), last().signal.aborted]).toEqual([1, false]);
  fourth.end();
  await vi.advanceTimersByTimeAsync(5000);
  expect(last().signal.aborted).toBe(true);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(requests()).toBe(1);
});

test('nothing is asked for by whoever has ended before', async () => {
  const { client, requests } = serve();
  listen(client, { signal: AbortSignal.abort() });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(requests()).toBe(0);
});

test('a stream that ends or breaks goes on where it was', async () => {
  const { client, streams, last } = serve();
  const { status, types } = listen(client);
  await settled();
  await last().send(event(7, 'settings.changed'));
  await last().end();
  await vi.advanceTimersByTimeAsync(3000);
  expect(last().headers.get('Last-Event-ID')).toBe('7');
  await last().send(`id: 7\n\n${event(8, 'settings.changed')}:\nid: 9\n\n`);
  await last().break();
  await vi.advanceTimersByTimeAsync(3000);
  expect(last().headers.get('Last-Event-ID')).toBe('9');
  expect([streams.length, status, types()]).toEqual([3, [true, false, true, false], ['settings.changed', 'settings.changed']]);
});

test('a silent stream is given up', async () => {
  const { client, streams, last } = serve();
  const { status } = listen(client);
  await settled();
  await last().send('id: 1\n\n');
  await vi.advanceTimersByTimeAsync(39_000);
  await last().send(':\nid: 1\n\n');
  await vi.advanceTimersByTimeAsync(39_000);
  expect([streams.length, status]).toEqual([1, [true]]);
  await vi.advanceTimersByTimeAsync(1000);
  expect([last().signal.aborted, status]).toEqual([true, [true, false]]);
  await vi.advanceTimersByTimeAsync(3000);
  expect(streams.length).toBe(2);
});

test('a server that is down is asked more and more rarely', async () => {
  const { client, requests, last } = serve(...Array.from({ length: 8 }, () => new TypeError('refused')));
  const { status } = listen(client);
  await vi.advanceTimersByTimeAsync(3000);
  expect(requests()).toBe(2);
  await vi.advanceTimersByTimeAsync(27_000);
  expect(requests()).toBeLessThanOrEqual(6);
  while (requests() < 9) await vi.advanceTimersByTimeAsync(1000);
  await last().send('id: 1\n\n');
  expect(status).toEqual([true]);
});

test.each([
  ['a second one soon', 3000, 0, null, [1500, 3000]],
  ['more rarely', 3000, 3, null, [12_000, 24_000]],
  ['but not too rarely', 3000, 50, null, [30_000, 60_000]],
  ['not before the server says', 3000, 0, 10, [10_000, 12_000]],
])('attempts are spread: %s', (_, base, failures, retryAfter, range) => {
  expect([0, 1].map((chance) => retryDelay(base, failures, retryAfter, chance))).toEqual(range);
});

test('where there are too many streams, the server says when to come again', async () => {
  const full = new Response('{"code":"too_many_streams","detail":"Full."}', { status: 503, headers: { 'Retry-After': '10' } });
  const { client, requests } = serve(full);
  listen(client);
  await vi.advanceTimersByTimeAsync(9999);
  expect(requests()).toBe(1);
  await vi.advanceTimersByTimeAsync(2001);
  expect(requests()).toBe(2);
});

test.each([
  ['a refusal', new Response('{"code":"unauthorized","detail":"No token."}', { status: 401 })],
  ['another page', new Response('<!doctype html>', { headers: { 'Content-Type': 'text/html' } })],
])('after %s the server is left alone for minutes', async (_, answer) => {
  const { client, requests } = serve(answer);
  const { status } = listen(client);
  await vi.advanceTimersByTimeAsync(299_000);
  expect([requests(), status]).toEqual([1, []]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(requests()).toBe(2);
});

test('a page that is hidden for long reads nothing, and everything again when it is looked at', async () => {
  const { client, streams, last } = serve();
  const { types, status } = listen(client);
  await settled();
  await last().send('id: 1\n\n');
  show(true);
  await vi.advanceTimersByTimeAsync(30_000);
  await last().send(event(2, 'settings.changed'));
  show(false);
  show(true);
  await vi.advanceTimersByTimeAsync(39_000);
  expect(last().signal.aborted).toBe(false);
  await last().send(event(3, 'settings.changed'));
  await vi.advanceTimersByTimeAsync(30_000);
  expect([last().signal.aborted, status]).toEqual([true, [true, false]]);
  await vi.advanceTimersByTimeAsync(3_600_000);
  show(false);
  await settled();
  expect([streams.length, last().headers.get('Last-Event-ID')]).toEqual([2, null]);
  await last().send('id: 9\n\n');
  expect(types()).toEqual(['settings.changed', 'settings.changed', 'resync']);
});

test('what may have happened before a late first stream is read again', async () => {
  const { client, last } = serve(new TypeError('refused'));
  const { types } = listen(client);
  await vi.advanceTimersByTimeAsync(3000);
  await last().send('id: 1\n\n');
  expect(types()).toEqual(['resync']);
});

test('a listener that throws stops no other', async () => {
  const later = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
  const { client, last } = serve();
  client.subscribe(() => { throw new Error('mine'); });
  const { types } = listen(client);
  await settled();
  await last().send(event(1, 'settings.changed') + event(2, 'secret.changed'));
  expect(types()).toEqual(['settings.changed', 'secret.changed']);
  expect(later.mock.calls.map(([call]) => { try { call(); } catch (error) { return String(error); } })).toEqual(Array(2).fill('Error: mine'));
});

test('who shows an integration hears of what others changed, as of what the page itself did', async () => {
  const { client, last } = serve();
  const changes: Change[] = [];
  client.onChange((change) => changes.push(change));
  listen(client);
  await settled();
  await last().send(
    event(1, 'settings.changed', { plugin_id: 'm', block_id: null }) +
      event(2, 'artifacts.purged', { plugin_id: 'm', block_id: 'b' }) +
      event(3, 'artifacts.purged', { plugin_id: null, block_id: null }) +
      event(4, 'artifact.renewed', { plugin_id: 'm', block_id: 'b' }) +
      event(5, 'budget.spent', { plugin_id: 'm' }) +
      event(6, 'resync', { reason: 'overflow' }),
  );
  expect(changes).toEqual([
    { integration: 'm', blocks: null },
    { integration: 'm', blocks: ['b'] },
    { integration: null, blocks: null },
    { integration: null, blocks: null },
  ]);
});
