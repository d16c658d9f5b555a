/** One request below `/api/v1`, and what its answer means. */

import { PatchbayError, connectionLost, retryAfterSeconds, unexpectedAnswer, wasAborted } from './errors.ts';
import type { Problem } from './types.ts';

export type Fetch = typeof globalThis.fetch;
type QueryValue = string | number | boolean | null | undefined;
/** A list repeats its name. */
export type Query = Record<string, QueryValue | readonly string[]>;

export interface Call {
  method?: string;
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  /** Those without a value are left out. */
  headers?: Record<string, string | null | undefined>;
  /** Whether the request goes on when the page goes. */
  keepalive?: boolean;
}

export interface Destination {
  baseUrl: string;
  token: string | null;
  scope: Query;
  fetch: Fetch;
}

/** Browsers refuse to keep a larger request alive. */
const MAX_KEEPALIVE_CHARACTERS = 20_000;

export type Open = (path: string, call?: Call) => Promise<Response>;

/** A function that sends one request and returns the answer of a success, its body unread. */
export function createOpen({ baseUrl, token, scope, fetch }: Destination): Open {
  const base = baseUrl.replace(/\/+$/, '');
  return async (path, { method = 'GET', query = {}, body, signal, headers: given = {}, keepalive = false } = {}) => {
    const url = new URL(`${base}/api/v1${path}`);
    for (const [name, value] of Object.entries({ ...scope, ...query })) {
      for (const one of [value].flat()) {
        if (one !== undefined && one !== null) url.searchParams.append(name, String(one));
      }
    }
    const headers = new Headers({ Accept: 'application/json' });
    if (body !== undefined) headers.set('Content-Type', 'application/json');
    if (token) headers.set('Authorization', `Bearer ${token}`);
    for (const [name, value] of Object.entries(given)) if (value) headers.set(name, value);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const request: RequestInit = {
      method,
      headers,
      body: text,
      keepalive: keepalive && (text?.length ?? 0) <= MAX_KEEPALIVE_CHARACTERS,
      // A token is enough; a cookie beside it would only make unclear whose call this is.
      credentials: token ? 'omit' : 'same-origin',
      redirect: 'error',
      signal,
    };
    const response = await fetch(url, request).catch(async (cause: unknown) => {
      throw await noAnswer(cause, base, fetch, signal);
    });
    if (!response.ok) throw await failureOf(response);
    return response;
  };
}

/** The JSON of a successful answer; null when it has no body. */
export async function readJson(response: Response, signal?: AbortSignal): Promise<any> {
  const text = await response.text().catch((cause: unknown) => Promise.reject(connectionLost(cause, signal)));
  return parseJson(text, response.status);
}

/** The lines of an answer, each as soon as it is there. */
export async function* readLines(response: Response, signal?: AbortSignal): AsyncGenerator<string, void, void> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => Promise.reject(connectionLost(cause, signal)));
      const lines = (rest + decoder.decode(value, { stream: !done })).split('\n');
      rest = done ? '' : (lines.pop() ?? '');
      yield* lines;
      if (done) return;
    }
  } finally {
    // Whoever stops listening ends the answer, so that the server begins nothing more for it.
    await reader.cancel().catch(() => {});
  }
}

/** The value of a JSON text; null for none. */
export function parseJson(text: string, status: number): any {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unexpectedAnswer(status, 'What answered is not Patchbay.', { cause });
  }
}

async function failureOf(response: Response): Promise<PatchbayError> {
  const { status, headers } = response;
  const problem: Problem | null = await response.json().catch(() => null);
  const retryAfter = retryAfterSeconds(headers.get('Retry-After'));
  if (typeof problem?.code !== 'string') {
    return unexpectedAnswer(status, `The server answered ${status} without saying why.`, { retryAfter });
  }
  const detail = problem.detail || problem.title || `The server answered ${status}.`;
  return new PatchbayError({ code: problem.code, status, detail, errors: problem.errors, retryAfter, problem });
}

/**
 * What a call rejects with when no answer could be read. A browser hides an answer that is not meant for the page's
 * origin as if there were none, so a request that any page may make tells the two apart.
 */
async function noAnswer(cause: unknown, base: string, fetch: Fetch, signal?: AbortSignal): Promise<unknown> {
  const pageOrigin = globalThis.location?.origin;
  const isElsewhere = pageOrigin !== undefined && new URL(base).origin !== pageOrigin;
  if (wasAborted(cause, signal) || !isElsewhere || !(await answersOthersOnly(`${base}/healthz`, fetch, signal))) {
    return connectionLost(cause, signal);
  }
  const remedy =
    pageOrigin === 'null'
      ? 'Serve this page over http: a page without an origin cannot be let in.'
      : `List ${pageOrigin} in PATCHBAY_ALLOWED_ORIGINS.`;
  const detail = `The server at ${base} answers, but not to pages of this origin. ${remedy}`;
  return new PatchbayError({ code: 'foreign_origin', status: 0, detail, cause });
}

/** Whether something answers at an address, but lets this page read nothing. */
async function answersOthersOnly(url: string, fetch: Fetch, signal?: AbortSignal): Promise<boolean> {
  const isAnswered = (mode: RequestMode): Promise<boolean> =>
    fetch(url, { mode, credentials: 'omit', cache: 'no-store', signal }).then(() => true, () => false);
  return !(await isAnswered('cors')) && isAnswered('no-cors');
}
