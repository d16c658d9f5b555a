import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { requestToken } from '../src/connect.ts';

const CODE = {
  device_code: 'device', user_code: 'WDJB-MJHT', verification_uri: 'http://p/c', verification_uri_complete: 'http://p/c?u', expires_in: 60, interval: 5,
};
const ISSUED = { token: 'patchbay_1', scopes: ['render'] };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const json = (value: unknown, status = 200, headers = {}) => (): Response => new Response(JSON.stringify(value), { status, headers });
const problem = (code: string, retryAfter = '5') => json({ code, detail: code }, 400, { 'Retry-After': retryAfter });
const gone = (): Response => {
  throw new TypeError('Failed to fetch');
};

/** A request for a token, whose server gives these answers in turn. */
function ask(answers: (() => Response)[], signal?: AbortSignal) {
  const bodies: unknown[] = [];
  const times: number[] = [];
  const begun = Date.now();
  const fetch = vi.fn(async (_url: unknown, init?: RequestInit): Promise<Response> => {
    bodies.push(JSON.parse(String(init?.body)));
    times.push((Date.now() - begun) / 1000);
    return (answers.shift() ?? gone)();
  });
  const show = vi.fn();
  const issued = requestToken({ baseUrl: location.origin, name: 'Page', scopes: ['render'], show, signal, fetch });
  issued.catch(() => {});
  return { issued, fetch, show, bodies, times };
}

test('the user sees the code, and the page gets the token at the pace that the server asks for', async () => {
  const { issued, show, bodies, times } = ask([json(CODE), problem('authorization_pending'), problem('slow_down', '10'), problem('authorization_pending', '10'), json(ISSUED)]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await issued).toEqual(ISSUED);
  expect(bodies[0]).toEqual({ name: 'Page', scopes: ['render'] });
  expect(bodies.slice(1)).toEqual(Array(4).fill({ device_code: 'device' }));
  expect(times).toEqual([0, 5, 10, 20, 30]);
  expect(show.mock.calls).toEqual([[{ user_code: 'WDJB-MJHT', verification_uri: 'http://p/c', verification_uri_complete: 'http://p/c?u', expires_in: 60 }]]);
});

test.each(['access_denied', 'expired_token', 'invalid_request'])('%s ends it', async (code) => {
  const { issued, fetch } = ask([json(CODE), problem(code)]);
  await vi.advanceTimersByTimeAsync(60_000);
  await expect(issued).rejects.toMatchObject({ code });
  expect(fetch).toHaveBeenCalledTimes(2);
});

test('a request that is not taken shows nothing', async () => {
  const { issued, show } = ask([json({ code: 'too_many_connects', detail: 'Too many.' }, 429)]);
  await expect(issued).rejects.toMatchObject({ code: 'too_many_connects' });
  expect(show).not.toHaveBeenCalled();
});

test('a server that restarts is asked less and less often, until the code is over', async () => {
  const restarted = ask([json(CODE), gone, json('', 502), json(ISSUED)]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await restarted.issued).toEqual(ISSUED);
  expect(restarted.times).toEqual([0, 5, 15, 35]);

  const ended = ask([json(CODE)]);
  await vi.advanceTimersByTimeAsync(300_000);
  await expect(ended.issued).rejects.toMatchObject({ code: 'network' });
  expect(ended.times).toEqual([0, 5, 15, 35, 75]);
});

test('an aborted request stops at once', async () => {
  const controller = new AbortController();
  const { issued, fetch } = ask([json(CODE)], controller.signal);
  await vi.advanceTimersByTimeAsync(1000);
  controller.abort(new Error('left'));
  await expect(issued).rejects.toThrow('left');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fetch).toHaveBeenCalledTimes(1);
});
