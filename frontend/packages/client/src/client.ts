/** A client of one Patchbay server, for one workspace and perhaps one notebook of it. */

import { createRenders } from './batching.ts';
import { type ChangeListener, changeOf, createChanges } from './changes.ts';
import { PatchbayError } from './errors.ts';
import { createHistories } from './histories.ts';
import { type Call, type Query, createOpen, readJson } from './http.ts';
import { createSubscribe } from './live.ts';
import { newIdempotencyKey, untilAnswered, untilUp } from './repeating.ts';
import type {
  About, Alert, Artifact, ArtifactChoice, Authorization, BatchResult, CallChoice, ClientOptions, Connection, Converted, Declaration, DeclaredPlugin, Envelope, Examination, Explanation,
  Inputs, Integration, IntegrationSummary, IntegrationUsage, Linted, NewState, NewWorkspace, Notebook, OpenApiDocument, Performed, Plugin, PluginConfig, PluginType, PrefetchJob,
  ProviderCall, Registration, Review, Secret, Session, TaggedState, TestResult, TotalUsage, Usage, UsageChoice, UsageSpan, Workspace, WorkspaceChange,
} from './types.ts';

/** What the server takes in one batch of declarations. */
const MAX_DECLARATIONS = 1000;
/** How often a change is made again because somebody else was faster. */
const MAX_CHANGES = 20;

export interface Signalled {
  signal?: AbortSignal;
}

export type Client = ReturnType<typeof createClient>;

export function createClient(options: ClientOptions = {}) {
  const { baseUrl = ownServer(), token = null, workspace, notebook, fetch = globalThis.fetch.bind(globalThis) } = options;
  if (!baseUrl) throw new TypeError('createClient needs a baseUrl outside a page.');
  const scope = { workspace_id: workspace, notebook_id: notebook };
  const open = createOpen({ baseUrl, token, scope, fetch });
  const renders = createRenders(open);
  const changes = createChanges();
  const subscribe = createSubscribe(open, `patchbay-events ${baseUrl} ${JSON.stringify(scope)}`, (event) => {
    const change = changeOf(event);
    if (change) changes.tell(change);
  });

  const ask = async (path: string, call?: Call): Promise<any> => readJson(await open(path, call), call?.signal);
  const send = (method: string, path: string, body?: unknown, more?: Call): Promise<any> =>
    ask(path, { method, body, ...more });

  const tagged = async (path: string, call?: Call): Promise<TaggedState> => {
    const response = await open(path, call);
    // A proxy that compresses makes the tag weak, and a weak one would never match.
    const etag = response.headers.get('ETag')?.replace(/^W\//, '') ?? null;
    return { ...(await readJson(response)), etag };
  };

  /** Every item of a list, page after page. */
  const list = async (path: string, query: Query = {}): Promise<any[]> => {
    const items = [];
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      const response = await open(path, { query: { ...query, page } });
      items.push(...(await readJson(response)));
      pages = paginationOf(response).total_pages || 1;
    }
    return items;
  };

  const pageOf = async (path: string, query?: Query): Promise<{ items: any[]; total: number }> => {
    const response = await open(path, { query });
    const items = await readJson(response);
    return { items, total: paginationOf(response).total ?? items.length };
  };

  /** Tells those who show an integration that it has changed, once a call has succeeded. */
  const changing = async <Answer>(id: string, call: Promise<Answer>): Promise<Answer> => {
    const answer = await call;
    changes.tell({ integration: id, blocks: null });
    return answer;
  };

  const stateOf = (id: string): string => {
    if (notebook === undefined && workspace === undefined) {
      throw new TypeError('The state of a plugin needs a client with a workspace or a notebook.');
    }
    const place = notebook === undefined ? `/workspaces/${workspace}` : `/notebooks/${notebook}`;
    return `${place}/plugins/${encodeURIComponent(id)}`;
  };

  return {
    /** The server's address, for links to its pages. */
    baseUrl: baseUrl.replace(/\/+$/, ''),

    /** The JSON of any route below `/api/v1`, such as `/usage/latency`, for the client's workspace and notebook. */
    request: ask,
    /** A page of any list, and how many entries the list has. */
    page: pageOf,

    /**
     * Declares plugins in one batch. A bad one fails alone: look at `results`. While the server does not run, the batch
     * is sent again, until it does or the signal is aborted; nothing has to wait for it.
     */
    register: async (plugins: Declaration | readonly Declaration[], { signal }: Signalled = {}): Promise<BatchResult> => {
      const all = [plugins].flat() as Declaration[];
      const total: BatchResult = { registered: 0, updated: 0, unchanged: 0, failed: 0, results: [] as Registration[] };
      for (let at = 0; at === 0 || at < all.length; at += MAX_DECLARATIONS) {
        const body = { plugins: all.slice(at, at + MAX_DECLARATIONS) };
        const answer: BatchResult = await untilUp(() => send('POST', '/plugins/register-batch', body, { signal }), signal);
        for (const outcome of ['registered', 'updated', 'unchanged', 'failed'] as const) total[outcome] += answer[outcome];
        total.results.push(...answer.results);
      }
      return total;
    },

    /** A plugin as it was declared, with its manifest. */
    plugin: (id: string): Promise<DeclaredPlugin> => ask(`/plugins/${encodeURIComponent(id)}`),
    plugins: (type?: PluginType): Promise<Plugin[]> => list('/plugins', { type }),

    /** Forgets a plugin, with its settings, secrets and cached answers. */
    deletePlugin: (id: string): Promise<void> => changing(id, send('DELETE', `/plugins/${encodeURIComponent(id)}`)),

    workspaces: (): Promise<Workspace[]> => list('/workspaces'),
    createWorkspace: (made: NewWorkspace): Promise<Workspace> => send('POST', '/workspaces', made),
    /** Changes only what is given. */
    changeWorkspace: (id: number, change: WorkspaceChange): Promise<Workspace> => send('PATCH', `/workspaces/${id}`, change),
    deleteWorkspace: (id: number): Promise<void> => send('DELETE', `/workspaces/${id}`),

    notebooks: (ofWorkspace: number): Promise<Notebook[]> => list(`/workspaces/${ofWorkspace}/notebooks`),
    createNotebook: (ofWorkspace: number, name: string): Promise<Notebook> =>
      send('POST', `/workspaces/${ofWorkspace}/notebooks`, { name }),
    renameNotebook: (id: number, name: string): Promise<Notebook> => send('PATCH', `/notebooks/${id}`, { name }),
    deleteNotebook: (id: number): Promise<void> => send('DELETE', `/notebooks/${id}`),

    integrations: (): Promise<IntegrationSummary[]> => list('/integrations'),
    integration: (id: string, { signal }: Signalled = {}): Promise<Integration> => ask(of(id), { signal }),
    /** Several integrations in full, in one request; unknown ones are left out. */
    integrationDetails: (ids: readonly string[]): Promise<Integration[]> =>
      list('/integrations', { id: ids, include: 'details' }),

    /** Turns an integration on or off. */
    enable: (id: string, enabled: boolean): Promise<{ enabled: boolean }> =>
      changing(id, send('PUT', of(id, '/enable'), { enabled })),

    getConfig: (id: string, { signal }: Signalled = {}): Promise<PluginConfig> => ask(of(id, '/config'), { signal }),
    /**
     * Replaces the settings as a whole. A string for a secure setting enters it, null deletes it, and leaving it out
     * keeps it.
     */
    setConfig: (id: string, config: Inputs): Promise<PluginConfig> =>
      changing(id, send('PUT', of(id, '/config'), { config })),

    secret: (id: string, key: string): Promise<Secret> => ask(secretOf(id, key)),
    setSecret: (id: string, key: string, value: string): Promise<Secret> =>
      changing(id, send('PUT', secretOf(id, key), { value })),
    deleteSecret: (id: string, key: string): Promise<void> => changing(id, send('DELETE', secretOf(id, key))),

    /** What is set of any plugin in the client's notebook, or in its workspace, and what is in effect there. */
    pluginState: (id: string): Promise<TaggedState> => tagged(stateOf(id)),
    /**
     * Changes only what is given. With the `etag` of a state, fails with `precondition_failed` if that is not the newest.
     * With `keepalive` a small change arrives even if the page is closed meanwhile.
     */
    setPluginState: (id: string, state: NewState, { etag, keepalive }: { etag?: string | null; keepalive?: boolean } = {}): Promise<TaggedState> =>
      changing(id, tagged(stateOf(id), { method: 'PUT', body: state, headers: { 'If-Match': etag }, keepalive })),
    /**
     * Changes the settings from what they are now. `change` gets a copy and returns what shall be instead; it is called
     * again with the latest settings when somebody else has changed them meanwhile, so that neither loses anything.
     */
    changePluginState: async (id: string, change: (config: Inputs) => Inputs): Promise<TaggedState> => {
      for (let changes = 1; ; changes += 1) {
        const state = await tagged(stateOf(id));
        const body = { config: change(structuredClone(state.config)) };
        try {
          return await changing(id, tagged(stateOf(id), { method: 'PUT', body, headers: { 'If-Match': state.etag } }));
        } catch (error) {
          const isLate = error instanceof PatchbayError && error.code === 'precondition_failed';
          if (!isLate || changes === MAX_CHANGES) throw error;
        }
      }
    },
    /** Returns to what is inherited. */
    resetPluginState: (id: string): Promise<void> => changing(id, send('DELETE', stateOf(id))),

    /** Tries the connection, with settings that need not be saved. A provider that refuses is `success: false`. */
    test: (id: string, config?: Inputs): Promise<TestResult> => send('POST', of(id, '/test'), config ? { config } : {}),

    /** Whether an account is connected, where a person signs in at the provider (`oauth2_authorization_code`). */
    connection: (id: string): Promise<Connection> => ask(of(id, '/oauth2')),
    /** Begins to connect an account: open `authorization_url`; `connection` tells what came of it. */
    connect: (id: string): Promise<Authorization> => send('POST', of(id, '/oauth2/connect')),
    /** Deletes the account and its tokens. */
    disconnect: (id: string): Promise<void> => changing(id, send('DELETE', of(id, '/oauth2'))),

    /** Calls one endpoint. */
    execute: (id: string, endpoint: string, inputs: Inputs = {}, { signal }: Signalled = {}): Promise<Envelope> =>
      send('POST', of(id, '/execute'), { endpoint_id: endpoint, parameters: inputs }, { signal }),

    /** A block's data, cached or fetched now. Calls of one tick are sent as one batch. */
    render: renders.one,
    /**
     * Many blocks in one request; `onAnswer` gets each as soon as it is there, cached ones first. A block that fails
     * fails alone: its answer carries the error.
     */
    renderAll: renders.all,

    /** The numbers that a block had over time, a series for each field. Calls of one tick are sent as one batch. */
    history: createHistories(open),

    /**
     * Runs an action, because a person asked for it just now; `render` tells its label, inputs and confirmation.
     *
     * While the network fails the same request is sent again, which cannot run it twice. A failure carries the
     * `idempotencyKey`; without it in the options, each call is a new run.
     */
    act: async (
      id: string,
      block: string,
      inputs: Inputs = {},
      { idempotencyKey = newIdempotencyKey(), signal }: Signalled & { idempotencyKey?: string } = {},
    ): Promise<Performed> => {
      const path = of(id, `/actions/${encodeURIComponent(block)}`);
      try {
        const performed = await untilAnswered<Performed>(
          () => send('POST', path, { parameters: inputs }, { signal, headers: { 'Idempotency-Key': `"${idempotencyKey}"` } }),
          signal,
        );
        changes.tell({ integration: id, blocks: performed.renewed });
        return performed;
      } catch (error) {
        if (error instanceof PatchbayError) {
          error.idempotencyKey = idempotencyKey;
          if (error.problem?.renewed) changes.tell({ integration: id, blocks: error.problem.renewed });
        }
        throw error;
      }
    },

    /** What a render would send and why, what is cached of it and what prevents it. Nothing is sent. */
    explain: (id: string, block: string, inputs: Inputs = {}): Promise<Explanation> =>
      send('POST', of(id, '/explain'), { block_type: block, parameters: inputs }),

    /** A plugin's cached answers, newest first. */
    artifacts: (id: string, { page, pageSize, data = false }: { page?: number; pageSize?: number; data?: boolean } = {}): Promise<Artifact[]> =>
      ask(`/plugins/${encodeURIComponent(id)}/artifacts`, {
        query: { page, page_size: pageSize, include: data ? 'data' : undefined },
      }),
    /** A page of the cached answers of the workspace, newest first, and how many there are. */
    artifactPage: ({ integration, block, page, pageSize }: ArtifactChoice = {}): Promise<{ items: Artifact[]; total: number }> =>
      pageOf('/artifacts', { integration_id: integration, block_type: block, page, page_size: pageSize }),
    /** One cached answer with its data. */
    artifact: (parametersHash: string): Promise<Artifact> => ask(`/artifacts/${encodeURIComponent(parametersHash)}`),
    /** Deletes every cached answer of the workspace. */
    purgeWorkspace: (id: number): Promise<{ purged: number }> => send('DELETE', `/workspaces/${id}/artifacts`),
    /** Deletes a plugin's cached answers, or those of one block. */
    purge: (id: string, block?: string): Promise<{ purged: number }> =>
      changing(id, send('DELETE', `/plugins/${encodeURIComponent(id)}/artifacts`, undefined, { query: { block_type: block } })),

    prefetch: {
      list: (): Promise<PrefetchJob[]> => list('/prefetch'),
      /** Has a block with these inputs fetched ahead. */
      pin: (integration: string, block: string, inputs: Inputs = {}): Promise<PrefetchJob> =>
        send('POST', '/prefetch', { integration_id: integration, block_type: block, parameters: inputs, notebook_id: notebook }),
      pause: (job: number, paused: boolean): Promise<PrefetchJob> => send('PATCH', `/prefetch/${job}`, { paused }),
      remove: (job: number): Promise<void> => send('DELETE', `/prefetch/${job}`),
      run: (job: number): Promise<PrefetchJob> => send('POST', `/prefetch/${job}/run`),
    },

    /** Renders, calls and budgets of integrations, of the last day or a span of time; `total` is how many there are. */
    usage: async ({ pageSize, orderBy, ...choice }: UsageChoice = {}): Promise<Usage & { total: number }> => {
      const response = await open('/usage', { query: { ...choice, page_size: pageSize, order_by: orderBy } });
      const usage: Usage = await readJson(response);
      return { ...usage, total: paginationOf(response).total ?? usage.integrations.length };
    },
    /** Renders and calls of all integrations of the workspace together, hour by hour or day by day. */
    usageTotal: (span: UsageSpan = {}): Promise<TotalUsage> => ask('/usage/total', { query: { ...span } }),
    integrationUsage: (id: string, span: UsageSpan = {}): Promise<IntegrationUsage> => ask(of(id, '/usage'), { query: { ...span } }),
    /** The calls to providers, newest first; `before` is the id of the last one of the page before. */
    calls: ({ integration, pageSize, ...choice }: CallChoice = {}): Promise<ProviderCall[]> =>
      ask('/calls', { query: { ...choice, integration_id: integration, page_size: pageSize } }),

    /** What is wrong in a manifest that is being written, and where. */
    lint: (text: string, { signal }: Signalled = {}): Promise<Linted> => send('POST', '/manifests/lint', { text }, { signal }),
    /** The JSON Schema of a declaration. */
    manifestSchema: (): Promise<Record<string, any>> => ask('/manifests/schema'),
    /** Makes a declaration of an OpenAPI document; nothing is declared by that. */
    convertOpenApi: (document: OpenApiDocument): Promise<Converted> => send('POST', '/manifests/import-openapi', document),

    /** The server's version, what it stores, and who may call it. */
    about: (): Promise<About> => ask('/about'),
    /** What is wrong with the installation, and what to do; calls no provider. */
    doctor: (): Promise<Examination> => ask('/doctor'),

    /** The numbers whose latest sample is at level `warn` or `bad`, newest first. */
    alerts: (): Promise<Alert[]> => list('/alerts'),

    /** The browsers that are signed in, last used first. */
    sessions: (): Promise<Session[]> => ask('/sessions'),
    endSession: (id: number): Promise<void> => send('DELETE', `/sessions/${id}`),
    /** Signs out all browsers but this one. */
    endOtherSessions: (): Promise<{ ended: number }> => send('DELETE', '/sessions'),

    /**
     * Accepts that stored secrets go where the manifest now sends them, or leaves them locked. With `seen` (the
     * review's `new`), acceptance is valid for what was shown only. Accepting takes a person: elsewhere than on a page
     * of the server itself it fails with the code `person_needed`, and `problem.page` to send them to.
     */
    review: (id: string, accept: boolean, seen?: Review['new']): Promise<{ review: Review | null }> =>
      changing(id, send('POST', of(id, '/review'), { accept, new: seen })),

    /**
     * Calls back when an integration was changed: by a call of this client or, while anything is subscribed, by anybody.
     * Returns what ends it.
     */
    onChange: (listener: ChangeListener): (() => void) => changes.listen(listener),

    /**
     * Calls back with what happens on the server, as docs/api.md lists it, from now on. Returns what ends it.
     *
     * All subscribers share one stream, also those of other tabs where the browser allows it. It connects again by itself.
     * After an event `resync` some are missing: read everything again.
     */
    subscribe,
  };
}

const of = (id: string, rest = ''): string => `/integrations/${encodeURIComponent(id)}${rest}`;
const secretOf = (id: string, key: string): string => of(id, `/secrets/${encodeURIComponent(key)}`);

/** What the `X-Pagination` header of a list says; nothing when it has none. */
function paginationOf({ headers }: Response): { total?: number; total_pages?: number } {
  try {
    return JSON.parse(headers.get('X-Pagination') ?? '{}');
  } catch {
    return {};
  }
}

/** The server that this module came from, which for a page of its own is the page's; undefined outside a browser. */
export function ownServer(module = import.meta.url): string | undefined {
  // A proxy may serve it below a path, which stands before that of the module.
  return /^https?:.*(?=\/static\/(client|built)\/)|^https?:\/\/[^/]+/.exec(module)?.[0] ?? globalThis.location?.origin;
}
