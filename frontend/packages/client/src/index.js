/**
 * Patchbay's client: what a frontend needs to declare its plugins and to draw their blocks. No dependencies.
 *
 *     import { createClient } from '/static/client/patchbay.js';
 *     const patchbay = createClient();
 *     await patchbay.register(myPlugins);                       // at startup: one batch
 *     const answer = await patchbay.render('open-meteo', 'current', { place: 'Lisbon' });
 *
 * A page of another origin imports it from the server and brings a token:
 *
 *     import { createClient } from 'http://127.0.0.1:8765/static/client/patchbay.js';
 *     const patchbay = createClient({ token });
 *
 * Every failure is a `PatchbayError`, except that an aborted call rejects with the `AbortError` of its signal.
 *
 * @module patchbay
 */

/** @typedef {import('./patchbay-types.js').ActOptions} ActOptions */
/** @typedef {import('./patchbay-types.js').ArtifactsOptions} ArtifactsOptions */
/** @typedef {import('./patchbay-types.js').Artifact} Artifact */
/** @typedef {import('./patchbay-types.js').BatchAnswer} BatchAnswer */
/** @typedef {import('./patchbay-types.js').BatchBlock} BatchBlock */
/** @typedef {import('./patchbay-types.js').BatchResult} BatchResult */
/** @typedef {import('./patchbay-types.js').CacheState} CacheState */
/** @typedef {import('./patchbay-types.js').Call} Call */
/** @typedef {import('./patchbay-types.js').ClientOptions} ClientOptions */
/** @typedef {import('./patchbay-types.js').Connection} Connection */
/** @typedef {import('./patchbay-types.js').Declaration} Declaration */
/** @typedef {import('./patchbay-types.js').Envelope} Envelope */
/** @typedef {import('./patchbay-types.js').Integration} Integration */
/** @typedef {import('./patchbay-types.js').IntegrationSummary} IntegrationSummary */
/** @typedef {import('./patchbay-types.js').Notebook} Notebook */
/** @typedef {import('./patchbay-types.js').Plugin} Plugin */
/** @typedef {import('./patchbay-types.js').Performed} Performed */
/** @typedef {import('./patchbay-types.js').PluginConfig} PluginConfig */
/** @typedef {import('./patchbay-types.js').PluginType} PluginType */
/** @typedef {import('./patchbay-types.js').Problem} Problem */
/** @typedef {import('./patchbay-types.js').RenderOptions} RenderOptions */
/** @typedef {import('./patchbay-types.js').Rendered} Rendered */
/** @typedef {import('./patchbay-types.js').SecretState} SecretState */
/** @typedef {import('./patchbay-types.js').TestResult} TestResult */
/** @typedef {import('./patchbay-types.js').Values} Values */
/** @typedef {import('./patchbay-types.js').Workspace} Workspace */

/**
 * A call that did not succeed. `code` is stable: decide by it, show `detail`.
 *
 * `code` is `network` when no answer came at all, `foreign_origin` when the server answers but lets no page of this
 * origin in, and `unexpected_answer` when what answered was not Patchbay. `status` is 0 where no answer could be read.
 */
export class PatchbayError extends Error {
  /**
   * @param {{ code: string, status: number, detail: string, errors?: Record<string, string[]> | null,
   *           retryAfter?: number | null, problem?: Problem | null, cause?: unknown }} failure
   */
  constructor({ code, status, detail, errors = null, retryAfter = null, problem = null, cause }) {
    super(detail, cause === undefined ? undefined : { cause });
    this.name = 'PatchbayError';
    this.code = code;
    this.status = status;
    this.detail = detail;
    /** What is wrong, by field. */
    this.errors = errors;
    /** Seconds to wait before asking again, where the server said so. */
    this.retryAfter = retryAfter;
    /** The whole problem document. */
    this.problem = problem;
    /** Of a failed `act`: give it again to ask how that run went. @type {string | null} */
    this.idempotencyKey = null;
  }
}

/**
 * Seconds that a `Retry-After` header asks for (RFC 9110 section 10.2.3: a number or a date), else null.
 *
 * @param {string | null} header
 * @param {number} [nowMilliseconds]
 * @returns {number | null}
 */
export function retryAfterSeconds(header, nowMilliseconds = Date.now()) {
  if (!header) return null;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - nowMilliseconds) / 1000));
}

/**
 * @param {Response} response
 * @returns {Promise<PatchbayError>}
 */
async function failureOf(response) {
  /** @type {Problem | null} */
  const problem = await response.json().catch(() => null);
  const retryAfter = retryAfterSeconds(response.headers.get('Retry-After'));
  if (problem === null || typeof problem !== 'object' || typeof problem.code !== 'string') {
    const detail = `The server answered ${response.status} without saying why.`;
    return new PatchbayError({ code: 'unexpected_answer', status: response.status, detail, retryAfter });
  }
  return new PatchbayError({
    code: problem.code,
    status: response.status,
    detail: problem.detail || problem.title || `The server answered ${response.status}.`,
    errors: problem.errors ?? null,
    retryAfter,
    problem,
  });
}

/**
 * The JSON of a successful answer; null when it has no body.
 *
 * @param {string} text
 * @param {number} status
 */
function parsed(text, status) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PatchbayError({ code: 'unexpected_answer', status, detail: 'What answered is not Patchbay.', cause });
  }
}

/**
 * Whether a call was ended by whoever started it.
 *
 * @param {unknown} error
 * @param {AbortSignal} [signal]
 */
const wasAborted = (error, signal) =>
  Boolean(signal?.aborted) || (error instanceof DOMException && error.name === 'AbortError');

/**
 * Whether something answers at an address, but lets this page read nothing: an answer without CORS is there, one with
 * it is not. A page may learn of any origin that it answers.
 *
 * @param {string} url
 * @param {typeof globalThis.fetch} fetch
 * @param {AbortSignal} [signal]
 */
async function answersOthersOnly(url, fetch, signal) {
  /** @param {RequestMode} mode */
  const isAnswered = (mode) =>
    fetch(url, { mode, credentials: 'omit', cache: 'no-store', signal }).then(() => true, () => false);
  return !(await isAnswered('cors')) && isAnswered('no-cors');
}

/**
 * What a call rejects with when no answer could be read. A browser hides an answer that is not meant for the page's
 * origin as if there were none, so one that everybody may ask for tells the two apart.
 *
 * @param {unknown} cause
 * @param {string} base The server's address.
 * @param {typeof globalThis.fetch} fetch
 * @param {AbortSignal} [signal]
 */
async function unanswered(cause, base, fetch, signal) {
  const pageOrigin = globalThis.location?.origin;
  const isElsewhere = pageOrigin !== undefined && new URL(base).origin !== pageOrigin;
  if (wasAborted(cause, signal) || !isElsewhere || !(await answersOthersOnly(`${base}/healthz`, fetch, signal))) {
    return lineBroken(cause, signal);
  }
  const remedy = pageOrigin === 'null'
    ? 'Serve this page over http: a page without an origin cannot be let in.'
    : `List ${pageOrigin} in PATCHBAY_ALLOWED_ORIGINS.`;
  const detail = `The server at ${base} answers, but not to pages of this origin. ${remedy}`;
  return new PatchbayError({ code: 'foreign_origin', status: 0, detail, cause });
}

/**
 * What a call rejects with when the line broke: the abort itself, or a `network` failure.
 *
 * @param {unknown} cause
 * @param {AbortSignal} [signal]
 */
function lineBroken(cause, signal) {
  if (wasAborted(cause, signal)) return cause;
  return new PatchbayError({ code: 'network', status: 0, detail: 'The Patchbay server does not answer.', cause });
}

/**
 * A function that sends one request below `/api/v1` and returns the answer of a success, its body unread.
 *
 * @param {Required<Pick<ClientOptions, 'baseUrl' | 'fetch'>> & Pick<ClientOptions, 'token'>} door
 * @param {Values} scope
 */
function opener({ baseUrl, token, fetch }, scope) {
  const base = baseUrl.replace(/\/+$/, '');
  const prefix = `${base}/api/v1`;

  /**
   * @param {string} path
   * @param {Call} [call]
   * @returns {Promise<Response>}
   */
  return async (path, { method = 'GET', query = {}, body, signal, idempotencyKey } = {}) => {
    const url = new URL(prefix + path);
    for (const [name, value] of Object.entries({ ...scope, ...query })) {
      if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
    }
    const headers = new Headers({ Accept: 'application/json' });
    if (body !== undefined) headers.set('Content-Type', 'application/json');
    if (token) headers.set('Authorization', `Bearer ${token}`);
    if (idempotencyKey) headers.set('Idempotency-Key', `"${idempotencyKey}"`);
    const request = {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      // A token is enough; sending a cookie beside it would only blur whose call this is.
      credentials: /** @type {RequestCredentials} */ (token ? 'omit' : 'same-origin'),
      redirect: /** @type {RequestRedirect} */ ('error'),
      signal,
    };
    const response = await fetch(url, request).catch(async (cause) => {
      throw await unanswered(cause, base, fetch, signal);
    });
    if (!response.ok) throw await failureOf(response);
    return response;
  };
}

/** How long to wait before the same action is asked for again while the network fails. */
const REPEAT_AFTER_MILLISECONDS = [500, 1000, 2000, 4000];
const MAX_LOOKS_AT_A_RUN = 300;

/** A random key for one run of an action. */
export function newIdempotencyKey() {
  // Browsers have randomUUID in secure contexts only, and a server at home is often reached by http.
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>} Rejects when the signal is aborted meanwhile.
 */
const pause = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });

/**
 * The answer to a run, asked for again while there is none: its key makes that safe.
 *
 * @template Answer
 * @param {() => Promise<Answer>} send
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer>}
 */
async function untilAnswered(send, signal) {
  for (let breaks = 0, looks = 0; ; ) {
    try {
      return await send();
    } catch (error) {
      const code = error instanceof PatchbayError ? error.code : '';
      if (code === 'network' && breaks < REPEAT_AFTER_MILLISECONDS.length) {
        await pause(REPEAT_AFTER_MILLISECONDS[breaks], signal);
        breaks += 1;
      } else if (code === 'action_in_progress' && looks < MAX_LOOKS_AT_A_RUN) {
        await pause(1000, signal);
        looks += 1;
      } else {
        throw error;
      }
    }
  }
}

/**
 * The values of an NDJSON answer, each as soon as its line is there.
 *
 * @param {Response} response
 * @param {AbortSignal} [signal]
 */
async function* linesOf(response, signal) {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => Promise.reject(lineBroken(cause, signal)));
      const lines = (rest + decoder.decode(value, { stream: !done })).split('\n');
      rest = done ? '' : /** @type {string} */ (lines.pop());
      for (const line of lines) if (line.trim()) yield parsed(line, response.status);
      if (done) return;
    }
  } finally {
    // Whoever stops listening ends the answer, so that the server begins nothing more for it.
    await reader.cancel().catch(() => {});
  }
}

/**
 * One line of a batch: what was rendered, or why it was not.
 *
 * @param {any} line
 * @returns {BatchAnswer}
 */
function batchAnswerOf({ key, ...line }) {
  if (line.success) return { key, rendered: line, error: null };
  const { code, status, detail, errors = null, retry_after_seconds: retryAfter = null } = line;
  return { key, rendered: null, error: new PatchbayError({ code, status, detail, errors, retryAfter, problem: line }) };
}

/**
 * How many pages a list has, by its `X-Pagination` header; 1 when it has none.
 *
 * @param {string | null} header
 */
function pageCount(header) {
  try {
    return Number(JSON.parse(header ?? '{}').total_pages) || 1;
  } catch {
    return 1;
  }
}

/** The server that this file came from, which for a page of its own is the page's; undefined outside a browser. */
function ownServer() {
  const { protocol, origin } = new URL(import.meta.url);
  return protocol === 'http:' || protocol === 'https:' ? origin : globalThis.location?.origin;
}

/**
 * A client of one Patchbay server, for one workspace and perhaps one notebook of it.
 *
 * @param {ClientOptions} [options]
 */
export function createClient(options = {}) {
  const {
    baseUrl = ownServer(),
    token = null,
    workspaceId,
    notebookId,
    fetch = globalThis.fetch.bind(globalThis),
  } = options;
  if (!baseUrl) throw new TypeError('createClient needs a baseUrl outside a page.');
  const open = opener({ baseUrl, token, fetch }, { workspace_id: workspaceId, notebook_id: notebookId });

  /** @param {string} path @param {Call} [call] @returns {Promise<{ body: any, headers: Headers }>} */
  const send = async (path, call) => {
    const response = await open(path, call);
    const text = await response.text().catch((cause) => Promise.reject(lineBroken(cause, call?.signal)));
    return { body: parsed(text, response.status), headers: response.headers };
  };

  /** @param {string} path @param {Call} [call] */
  const ask = async (path, call) => (await send(path, call)).body;

  /**
   * Every item of a list, page after page.
   *
   * @param {string} path
   * @param {Values} [query]
   */
  const list = async (path, query = {}) => {
    const items = [];
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      const { body, headers } = await send(path, { query: { ...query, page } });
      items.push(...body);
      pages = pageCount(headers.get('X-Pagination'));
    }
    return items;
  };

  /** @param {string} id @param {string} [rest] */
  const of = (id, rest = '') => `/integrations/${encodeURIComponent(id)}${rest}`;
  /** @param {string} id @param {string} key */
  const secretOf = (id, key) => of(id, `/secrets/${encodeURIComponent(key)}`);

  return {
    /**
     * Declares plugins in one batch. A bad one fails alone: look at `results`.
     *
     * @param {Declaration | Declaration[]} plugins
     * @returns {Promise<BatchResult>}
     */
    register: (plugins) =>
      ask('/plugins/register-batch', {
        method: 'POST',
        body: { plugins: Array.isArray(plugins) ? plugins : [plugins] },
      }),

    /** @param {PluginType} [type] @returns {Promise<Plugin[]>} */
    plugins: (type) => list('/plugins', { type }),

    /** @returns {Promise<Workspace[]>} */
    workspaces: () => list('/workspaces'),

    /** @param {number} ofWorkspace @returns {Promise<Notebook[]>} */
    notebooks: (ofWorkspace) => list(`/workspaces/${ofWorkspace}/notebooks`),

    /** @returns {Promise<IntegrationSummary[]>} */
    integrations: () => list('/integrations'),

    /** @param {string} id @returns {Promise<Integration>} */
    integration: (id) => ask(of(id)),

    /**
     * Turns an integration on or off.
     *
     * @param {string} id
     * @param {boolean} enabled
     * @returns {Promise<any>}
     */
    enable: (id, enabled) => ask(of(id, '/enable'), { method: 'PUT', body: { enabled } }),

    /** @param {string} id @returns {Promise<PluginConfig>} */
    getConfig: (id) => ask(of(id, '/config')),

    /**
     * Replaces the settings as a whole. A string for a secure setting enters it, null deletes it, and leaving it
     * out keeps it.
     *
     * @param {string} id
     * @param {Values} config
     * @returns {Promise<PluginConfig>}
     */
    setConfig: (id, config) => ask(of(id, '/config'), { method: 'PUT', body: { config } }),

    /**
     * @param {string} id
     * @param {string} key
     * @param {string} value
     * @returns {Promise<SecretState>}
     */
    setSecret: (id, key, value) => ask(secretOf(id, key), { method: 'PUT', body: { value } }),

    /** @param {string} id @param {string} key @returns {Promise<void>} */
    deleteSecret: async (id, key) => {
      await send(secretOf(id, key), { method: 'DELETE' });
    },

    /**
     * Tries the connection, with settings that need not be saved. A provider that says no is an answer
     * (`success: false`), not an error.
     *
     * @param {string} id
     * @param {Values} [config]
     * @returns {Promise<TestResult>}
     */
    test: (id, config) => ask(of(id, '/test'), { method: 'POST', body: config ? { config } : {} }),

    /**
     * Whether an account is connected, where a person signs in at the provider (`oauth2_authorization_code`).
     *
     * @param {string} id
     * @returns {Promise<Connection>}
     */
    connection: (id) => ask(of(id, '/oauth2')),

    /**
     * Begins to connect an account: open `authorization_url`, in this tab or another one. There the person signs in,
     * and the provider sends the browser back to Patchbay; `connection` tells what came of it.
     *
     * @param {string} id
     * @returns {Promise<{ authorization_url: string, redirect_uri: string }>}
     */
    connect: (id) => ask(of(id, '/oauth2/connect'), { method: 'POST' }),

    /**
     * Forgets the account and its tokens.
     *
     * @param {string} id
     * @returns {Promise<void>}
     */
    disconnect: async (id) => {
      await send(of(id, '/oauth2'), { method: 'DELETE' });
    },

    /**
     * Calls one endpoint.
     *
     * @param {string} id
     * @param {string} endpointId
     * @param {Values} [parameters]
     * @returns {Promise<Envelope>}
     */
    execute: (id, endpointId, parameters = {}) =>
      ask(of(id, '/execute'), { method: 'POST', body: { endpoint_id: endpointId, parameters } }),

    /**
     * A block's data: what is kept of it, or fetched now. With `useCache: false` it is always fetched.
     *
     * @param {string} id
     * @param {string} blockType
     * @param {Values} [parameters]
     * @param {RenderOptions} [options]
     * @returns {Promise<Rendered>}
     */
    render: async (id, blockType, parameters = {}, { useCache = true, signal } = {}) => {
      const body = { block_type: blockType, parameters, use_cache: useCache };
      const answer = await send(of(id, '/render'), { method: 'POST', body, signal });
      const age = answer.headers.get('Age');
      const cache = /** @type {CacheState | null} */ (answer.headers.get('X-Cache'));
      return { ...answer.body, cache, age: age === null ? null : Number(age) };
    },

    /**
     * Runs an action, because a person asked for it just now; `render` tells its label, inputs and confirmation.
     *
     * While the network fails the same request is sent again, which cannot run it twice. A failure carries the
     * `idempotencyKey`; without it in `options`, each call is a new run.
     *
     * @param {string} id
     * @param {string} blockType
     * @param {Values} [parameters]
     * @param {ActOptions} [options]
     * @returns {Promise<Performed>}
     */
    act: async (id, blockType, parameters = {}, { idempotencyKey = newIdempotencyKey(), signal } = {}) => {
      const path = of(id, `/actions/${encodeURIComponent(blockType)}`);
      const call = { method: 'POST', body: { parameters }, signal, idempotencyKey };
      try {
        return await untilAnswered(() => ask(path, call), signal);
      } catch (error) {
        if (error instanceof PatchbayError) error.idempotencyKey = idempotencyKey;
        throw error;
      }
    },

    /**
     * The data of many blocks in one request; `onBlock` hears of each as soon as it is there, what is kept first.
     * A block that fails fails alone: its answer carries the error.
     *
     * @param {BatchBlock[]} blocks
     * @param {(answer: BatchAnswer) => void} onBlock
     * @param {{ signal?: AbortSignal }} [options]
     * @returns {Promise<void>}
     */
    renderBatch: async (blocks, onBlock, { signal } = {}) => {
      const asked = blocks.map(({ key, integrationId, blockType, parameters = {}, useCache = true, notebookId }) => ({
        key,
        integration_id: integrationId,
        block_type: blockType,
        parameters,
        use_cache: useCache,
        notebook_id: notebookId,
      }));
      const response = await open('/render-batch', { method: 'POST', body: { blocks: asked }, signal });
      for await (const line of linesOf(response, signal)) onBlock(batchAnswerOf(line));
    },

    /**
     * What a render would send and why, what is kept of it and what stands in its way. Nothing is sent.
     *
     * @param {string} id
     * @param {string} blockType
     * @param {Values} [parameters]
     * @returns {Promise<any>}
     */
    explain: (id, blockType, parameters = {}) =>
      ask(of(id, '/explain'), { method: 'POST', body: { block_type: blockType, parameters } }),

    /**
     * What is kept of a plugin's answers, newest first.
     *
     * @param {string} id
     * @param {ArtifactsOptions} [options]
     * @returns {Promise<Artifact[]>}
     */
    artifacts: (id, { page, pageSize, data = false } = {}) =>
      ask(`/plugins/${encodeURIComponent(id)}/artifacts`, {
        query: { page, page_size: pageSize, include: data ? 'data' : undefined },
      }),

    /**
     * Accepts that stored secrets go where the manifest now sends them, or leaves them locked. With `seen` (the
     * review's `new`), acceptance counts for nothing else than what was shown. Accepting takes a person: elsewhere than
     * on a page of the server itself it fails with the code `person_needed`, and `problem.page` to send them to.
     *
     * @param {string} id
     * @param {boolean} accept
     * @param {any} [seen]
     * @returns {Promise<any>}
     */
    review: (id, accept, seen) => ask(of(id, '/review'), { method: 'POST', body: { accept, new: seen } }),
  };
}

/** @typedef {ReturnType<typeof createClient>} Client */
