import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type BlockState, type Client, type LiveEvent, PatchbayError, type Rendered, createClient, observeBlock } from '../src/index.ts';
import { isNews, nextDelay } from '../src/observing.ts';

const rendered = (more: Partial<Rendered> = {}): Rendered => ({
  success: true, data: 1, content_type: 'application/json', error: null, cached: false, stale: false,
  fetched_at: '2026-01-01T12:00:00.000Z', expires_at: '2026-01-01T12:05:00.000Z', parameters_hash: null,
  cache: 'MISS', age: null, ...more,
});
const failure = (code: string, retryAfter: number | null = null): PatchbayError =>
  new PatchbayError({ code, status: 502, detail: 'No.', retryAfter });

test.each([
  ['at the end of its lifetime', { rendered: rendered() }, 0, 300_500],
  ['of which a part is over', { rendered: rendered({ age: 100 }) }, 0, 200_500],
  ['not too often', { rendered: rendered({ age: 299.9 }) }, 0, 5000],
  ['never where it does not expire', { rendered: rendered({ expires_at: null }) }, 0, null],
  ['never for an action', { rendered: rendered({ fetched_at: null, expires_at: null }) }, 0, null],
  ['soon after a stale answer', { rendered: rendered({ stale: true }) }, 1, 2500],
  ['later after a second one', { rendered: rendered({ stale: true }) }, 2, 30_000],
  ['later after a failed refresh', { rendered: rendered({ stale: true, error: {} }) }, 1, 30_000],
  ['after a failure', { error: failure('upstream_failed') }, 1, 30_000],
  ['more rarely after several', { error: failure('network') }, 3, 120_000],
  ['but not too rarely', { error: failure('network') }, 40, 300_000],
  ['when the server says', { error: failure('budget_spent', 600) }, 1, 600_000],
  ['never where a person is needed', { error: failure('settings_incomplete') }, 1, null],
])('an answer is asked for again %s', (_, state, failures, expected) => {
  expect(nextDelay({ rendered: null, error: null, ...state }, failures)).toBe(expected);
});

test.each([
  ['of a lifetime that the prefetcher may not have ended yet', rendered(), 335_000],
  ['of a short one', rendered({ expires_at: '2026-01-01T12:00:20.000Z' }), 27_000],
  ['of a long one', rendered({ expires_at: '2026-01-02T12:00:00.000Z' }), 86_465_000],
  ['that is stale while a refresh runs, which is told', rendered({ stale: true }), 30_000],
])('with a stream, an answer is asked for later: one %s', (_, answer, expected) => {
  expect(nextDelay({ rendered: answer, error: null }, answer.stale ? 1 : 0, true)).toBe(expected);
});

const OLD = '2026-01-01T11:59:59.000Z';
const NEW = '2026-01-01T12:00:01.000Z';
const event = (more: Partial<LiveEvent> = {}): LiveEvent =>
  ({ type: 'artifact.renewed', id: '1', plugin_id: 'm', block_id: 'b', parameters_hash: 'h', fetched_at: NEW, ...more });
const shown = rendered({ parameters_hash: 'h' });

test.each([
  ['a newer answer', event(), shown, null, true],
  ['an older one', event({ fetched_at: OLD }), shown, null, false],
  ['the one that is shown', event({ fetched_at: shown.fetched_at ?? '' }), shown, null, false],
  ['one for other inputs', event({ parameters_hash: 'other' }), shown, null, false],
  ['one of another block', event({ block_id: 'other' }), shown, null, false],
  ['one of another integration', event({ plugin_id: 'other' }), shown, null, false],
  ['one of any block', event({ block_id: null }), shown, null, true],
  ['one for any inputs', event({ parameters_hash: null }), shown, null, true],
  ['one, where the inputs shown are of the moment', event(), rendered(), null, true],
  ['one, where nothing is shown', event({ fetched_at: OLD }), null, null, true],
  ['a failure', event({ type: 'artifact.failed', code: 'upstream_failed' }), shown, null, true],
  ['the failure that is shown', event({ type: 'artifact.failed', code: 'upstream_failed' }), shown, failure('upstream_failed'), false],
  ['the one behind a stale answer', event({ type: 'artifact.failed', code: 'c' }), { ...shown, error: { code: 'c' } }, null, false],
  ['anything else', event({ type: 'budget.spent' }), shown, null, false],
])('of %s a block takes notice or not', (_, told, answer, error, expected) => {
  expect(isNews(told, { integration: 'm', block: 'b' }, { rendered: answer, error })).toBe(expected);
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A client that renders what `next` returns, and what an observer of a block showed. */
function observe(next: (useCache: boolean) => Promise<Rendered>) {
  const client: Client = createClient({ baseUrl: location.origin, fetch: async () => new Response('{}') });
  const render = vi.fn((_integration: string, _block: string, _inputs: unknown, options: any) => next(options.useCache));
  const states: BlockState[] = [];
  let tell: (event: LiveEvent) => void = () => {};
  let setLive: (isOpen: boolean) => void = () => {};
  const subscribe: Client['subscribe'] = (listener, { onStatus = () => {} } = {}) => {
    [tell, setLive] = [listener, onStatus];
    return () => void ([tell, setLive] = [() => {}, () => {}]);
  };
  const observer = observeBlock({ ...client, render, subscribe }, { integration: 'm', block: 'b' }, (state) => states.push(state));
  const shown = (): unknown[] => states.map(({ status, isRefreshing }) => `${status}${isRefreshing ? ' …' : ''}`);
  return { client, render, states, observer, shown, tell: (event: LiveEvent) => tell(event), setLive: (isOpen: boolean) => setLive(isOpen) };
}

test('stale data is shown, then the fresh', async () => {
  const answers = [rendered({ stale: true, data: 'old' }), rendered({ data: 'new' })];
  const { states, shown } = observe(async () => answers.shift() ?? rendered());
  await vi.advanceTimersByTimeAsync(2500);
  expect(shown()).toEqual(['loading …', 'stale', 'stale …', 'ready']);
  expect(states.map((state) => state.rendered?.data)).toEqual([undefined, 'old', 'old', 'new']);
});

test('data stays when a refresh fails', async () => {
  const { observer, states, shown } = observe(async (useCache) => {
    if (useCache) return rendered();
    throw failure('upstream_failed');
  });
  await vi.advanceTimersByTimeAsync(0);
  await observer.refresh();
  expect(shown()).toEqual(['loading …', 'ready', 'ready …', 'stale']);
  expect(states.at(-1)).toMatchObject({ rendered: { data: 1 }, error: { code: 'upstream_failed' } });
});

test('a failure with nothing to show is an error, and passes by itself', async () => {
  let isDown = true;
  const { shown } = observe(async () => {
    if (isDown) throw failure('network');
    return rendered();
  });
  await vi.advanceTimersByTimeAsync(0);
  isDown = false;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(shown()).toEqual(['loading …', 'error', 'loading …', 'ready']);
});

test('a changed integration is rendered again, another one is not', async () => {
  const { client, render } = observe(async () => rendered());
  await vi.advanceTimersByTimeAsync(0);
  await client.enable('other', true);
  expect(render).toHaveBeenCalledTimes(1);
  await client.enable('m', true);
  expect(render).toHaveBeenCalledTimes(2);
});

test('nothing is asked for while the page is hidden', async () => {
  const { render } = observe(async () => rendered());
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(render).toHaveBeenCalledTimes(1);
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event('visibilitychange'));
  expect(render).toHaveBeenCalledTimes(2);
  hidden.mockRestore();
});

test('after its end an observer shows and asks nothing', async () => {
  const { client, observer, render, states } = observe(async () => rendered());
  await vi.advanceTimersByTimeAsync(0);
  observer.stop();
  await client.enable('m', true);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(render).toHaveBeenCalledTimes(1);
  expect(states.length).toBe(2);
});

test('with a stream, a block is rendered when it was fetched, and not asked for between', async () => {
  const answers = [rendered({ data: 'old' }), rendered({ data: 'new', fetched_at: NEW })];
  const { render, states, tell, setLive } = observe(async () => answers.shift() ?? rendered());
  setLive(true);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(render).toHaveBeenCalledTimes(1);
  tell(event());
  await vi.advanceTimersByTimeAsync(0);
  expect(states.at(-1)).toMatchObject({ status: 'ready', rendered: { data: 'new' } });
  expect(render.mock.lastCall?.[3]).toMatchObject({ useCache: true });
  tell(event());
  await vi.advanceTimersByTimeAsync(0);
  expect(render).toHaveBeenCalledTimes(2);
});

test('what a fetch of its own causes is not rendered twice, what is newer is', async () => {
  let answer: (rendered: Rendered) => void = () => {};
  const { render, tell } = observe(() => new Promise((resolve) => (answer = resolve)));
  tell(event());
  answer(rendered({ parameters_hash: 'h', fetched_at: NEW }));
  await vi.advanceTimersByTimeAsync(0);
  expect(render).toHaveBeenCalledTimes(1);
  tell(event({ fetched_at: '2026-01-01T12:00:02.000Z' }));
  tell(event({ fetched_at: '2026-01-01T12:00:03.000Z' }));
  answer(rendered({ parameters_hash: 'h', fetched_at: '2026-01-01T12:00:02.000Z' }));
  await vi.advanceTimersByTimeAsync(0);
  expect(render).toHaveBeenCalledTimes(3);
});

test('a block that nobody fetches is asked for when its lifetime is over, with and without a stream', async () => {
  const { render, setLive } = observe(async () => rendered());
  setLive(true);
  await vi.advanceTimersByTimeAsync(335_000);
  expect(render).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(200_000);
  setLive(false);
  await vi.advanceTimersByTimeAsync(100_499);
  expect(render).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(render).toHaveBeenCalledTimes(3);
});

test('a listener that stops its observer is asked nothing any more', async () => {
  const client: Client = createClient({ baseUrl: location.origin, fetch: async () => new Response('{}') });
  const render = vi.fn(async () => rendered());
  const observer = observeBlock({ ...client, render }, { integration: 'm', block: 'b' }, ({ status }) => {
    if (status === 'ready') observer.stop();
  });
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(render).toHaveBeenCalledTimes(1);
});
