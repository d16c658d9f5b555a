/**
 * Asks the user for a token, for a page on another origin and for programs: the device grant of OAuth 2.0 (RFC 8628).
 *
 *     import { requestToken } from '@patchbay/client/connect';
 *     const { token } = await requestToken({ baseUrl, name: 'My page', scopes: ['render'], show: ({ user_code }) => … });
 */

import { ownServer } from './client.ts';
import { PatchbayError } from './errors.ts';
import { type Fetch, createOpen, readJson } from './http.ts';
import { isDown, pause } from './repeating.ts';
import type { DeviceCode, IssuedToken, TokenRequest } from './types.ts';

export { PatchbayError };
export type { DeviceCode, IssuedToken, TokenRequest };

/** What the user needs to see. */
export type ShownCode = Omit<DeviceCode, 'device_code' | 'interval'>;

export interface TokenRequestOptions extends TokenRequest {
  /** Of the server, without `/api/v1`; that which this module came from if it is left out. */
  baseUrl?: string;
  /** Shows `user_code`, with a link to `verification_uri_complete`, where the user compares it and accepts. */
  show: (code: ShownCode) => void;
  signal?: AbortSignal;
  fetch?: Fetch;
}

/**
 * The token that the user accepted, with its terms: they may be fewer than what was asked for. Keep it; it is given once.
 *
 * Rejects with a PatchbayError: `access_denied`, `expired_token` when nobody answered in time, `too_many_connects`, and
 * what any call rejects with.
 */
export async function requestToken(options: TokenRequestOptions): Promise<IssuedToken> {
  const { baseUrl = ownServer(), show, signal, fetch = globalThis.fetch.bind(globalThis), ...asked } = options;
  if (!baseUrl) throw new TypeError('requestToken needs a baseUrl outside a page.');
  const open = createOpen({ baseUrl, token: null, scope: {}, fetch });
  const post = async (path: string, body: unknown): Promise<any> => readJson(await open(path, { method: 'POST', body, signal }), signal);

  const { device_code, interval, ...code }: DeviceCode = await post('/connect', asked);
  show(code);
  const endsAt = Date.now() + code.expires_in * 1000;
  for (let seconds = interval; ; ) {
    await pause(seconds * 1000, signal);
    try {
      return await post('/connect/token', { device_code });
    } catch (error) {
      seconds = nextInterval(error, seconds, endsAt);
    }
  }
}

/** How long to wait before the next poll, in seconds; throws what no further poll can change. */
function nextInterval(error: unknown, seconds: number, endsAt: number): number {
  if (!(error instanceof PatchbayError)) throw error;
  if (error.code === 'authorization_pending' || error.code === 'slow_down') return error.retryAfter ?? seconds;
  // Without an answer, poll less often (RFC 8628 section 3.5).
  if (isDown(error) && Date.now() < endsAt) return seconds * 2;
  throw error;
}
