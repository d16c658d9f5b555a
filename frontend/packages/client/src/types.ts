/** The shapes of the API, named for frontends. What the OpenAPI document says comes from there. */

import type { components } from './api.ts';
import type { PatchbayError } from './errors.ts';

type Schemas = components['schemas'];

/** Inputs or settings by name. */
export type Inputs = Record<string, unknown>;
export type FieldErrors = Record<string, string[]>;
export type PluginType = 'view' | 'theme' | 'integration';

/** What a frontend declares of one plugin. `version` is SemVer. */
export interface Declaration {
  id: string;
  name: string;
  version: string;
  type: PluginType;
  manifest: Record<string, unknown>;
}

export type Advice = Schemas['Advice'];
export type Review = Schemas['Review'];
/** The outcome for one plugin; `errors` by field where `registered` is false. */
export type Registration = Schemas['BatchResult'];
/** `results` are in the order in which the plugins were given. */
export type BatchResult = Schemas['BatchResults'];
export type Plugin = Schemas['PluginSummary'];
export type DeclaredPlugin = Schemas['Plugin'];
export type PluginState = Schemas['PluginState'];
/** A state with its entity tag, which changes with it. */
export type TaggedState = PluginState & { etag: string | null };
export interface NewState {
  /** null inherits. */
  enabled?: boolean | null;
  config?: Inputs;
}

export type JsonType = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array';
export type FormType =
  | 'text' | 'password' | 'date' | 'time' | 'datetime' | 'email' | 'url' | 'color' | 'select' | 'multiselect';

/** One setting of a plugin. A `secure` one goes to the vault and never comes back. */
export interface Property {
  name: string;
  type?: JsonType | FormType | null;
  required?: boolean;
  secure?: boolean;
  default?: any;
  const?: any;
  enum?: any[];
  /** Of a `select` or `multiselect`. */
  options?: (string | number | boolean | { value: unknown; label?: string })[];
  /** Of a number its value, of a string or array its length. */
  min?: number;
  max?: number;
  pattern?: string;
  format?: string;
  description?: string;
  ui?: { type?: string; label?: string; placeholder?: string; help?: string; options?: any[] };
}

/** What can be given to a block, as forms ask for it. */
export type Input = Schemas['Input'] & Omit<Property, 'options' | 'type' | 'required'> & { label?: string };
/** What a person may have run; `renews` names blocks to render again afterwards. */
export type Action = Omit<Schemas['OfferedAction'], 'inputs'> & { inputs: Input[] };

/** How a block wants to be drawn; `@patchbay/elements` documents its members. */
export type Display = Record<string, any>;

export type Block = Omit<Schemas['DeclaredBlock'], 'inputs'> & {
  name?: string;
  description?: string;
  inputs: Input[];
  config_schema?: Record<string, Partial<Property> & { from_config?: string }>;
  /** Of a block that changes something: its button, the question before, and what is fetched anew afterwards. */
  action?: { label: string; confirm?: string | null; renews?: string[] };
  url_patterns?: string[];
  cache_ttl?: number;
  display?: Display;
};

export type IntegrationSummary = Schemas['IntegrationInList'];
export type IntegrationName = Schemas['IntegrationName'];
export type Integration = Omit<Schemas['Integration'], 'properties' | 'blocks'> & {
  properties: Property[];
  blocks: Block[];
};

export type Secret = Schemas['Secret'];
export type SecretState = Schemas['SecretState'];
/** `config` is without the secure settings. */
export type PluginConfig = Schemas['Config'];
export type Connection = Schemas['Connection'];
export type Authorization = Schemas['Authorization'];
export type TestResult = Schemas['Verdict'];
export type Artifact = Schemas['Artifact'];
export type Explanation = Schemas['Explanation'];
export type PrefetchJob = Schemas['PrefetchJob'];
/** The numbers of one field; `points` are epoch seconds and value, oldest first. */
export type Series = Omit<Schemas['Series'], 'points'> & { points: [number, number][] };
/** Which cached answers of the workspace; all, when left out. Pages count from 1. */
export interface ArtifactChoice {
  integration?: string;
  block?: string;
  page?: number;
  pageSize?: number;
}
/** `from` and `to` in ISO 8601; `since` in place of `from` is also how long ago: `24h`, `30d`. */
export interface UsageSpan {
  from?: string;
  to?: string;
  since?: string;
  by?: 'hour' | 'day';
}
export type UsageOrder = 'integration_id' | 'renders' | 'hits' | 'stale' | 'calls' | 'errors' | 'bytes' | 'p50_ms' | 'p95_ms';
export interface UsageChoice extends UsageSpan {
  page?: number;
  pageSize?: number;
  /** A figure of the whole span puts the largest first. */
  orderBy?: UsageOrder;
  /** `totals` leaves the periods empty. */
  include?: 'periods' | 'totals';
  /** Only those that need somebody. */
  state?: 'troubled';
}
export type TotalUsage = Schemas['TotalUsage'];
/** How long an integration's calls take now and usually. */
export type Latency = Schemas['Latency'];
export type Alert = Schemas['Alert'];
/** How many integrations and prefetch jobs there are, by state. */
export type Counts = Schemas['Counts'];
export type ProviderCall = Schemas['Call'];
export interface CallChoice {
  integration?: string;
  cause?: ProviderCall['cause'];
  outcome?: 'ok' | 'failed';
  /** Only calls that this request caused: the `X-Request-Id` of its response, or the `request_id` of its problem. */
  request_id?: string;
  from?: string;
  before?: number;
  pageSize?: number;
}
export type Session = Schemas['Session'];
/** A named token, without its value. */
export type Token = Schemas['Token'];
/** A new token, with its value. */
/** What a frontend asks the user for. */
export type TokenRequest = Schemas['Connect'];
export type DeviceCode = Schemas['DeviceCode'];
export type IssuedToken = Schemas['IssuedToken'];
/** One change in the audit log. */
export type AuditEntry = Schemas['AuditEntry'];
/** A frontend that asks for a token. */
export type ConnectRequest = Schemas['ConnectRequest'];
export type About = Schemas['About'];
export type Finding = Schemas['Finding'];
export type Examination = Schemas['Doctor'];
export type DoctorFinding = Schemas['DoctorFinding'];
/** `value` is the text as JSON once it has no error. */
export type Linted = Omit<Schemas['Linted'], 'value'> & { value: Record<string, any> | null };
export type OpenApiDocument = Partial<Schemas['OpenApiText']> & Pick<Schemas['OpenApiText'], 'id' | 'text'>;
export type Converted = Schemas['Converted'];
export type Usage = Schemas['Usage'];
export type IntegrationUsage = Schemas['OneUsage'];
export type Workspace = Schemas['Workspace'];
export type NewWorkspace = Schemas['NewWorkspace'];
export type WorkspaceChange = Schemas['WorkspaceChange'];
export type Notebook = Schemas['Notebook'];

/** An RFC 9457 problem. `upstream_message` is a stranger's text: show it as text, never as HTML. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  /** The request, as in the header `X-Request-Id`, in the log and in the calls that it caused. */
  request_id?: string;
  errors?: FieldErrors;
  reason?: string;
  upstream_status?: number;
  upstream_message?: string;
  /** Of a failed action: what may have changed. */
  outcome?: 'refused' | 'unknown' | 'partial';
  renewed?: string[];
  [member: string]: unknown;
}

/** What a provider answered. `error` is the failed refresh behind a stale answer. */
export type Envelope<Data = any> = Omit<Schemas['Envelope'], 'data' | 'error' | 'action'> & {
  data: Data;
  error: Problem | null;
  action?: Action;
};
export type Performed<Data = any> = Envelope<Data> & Pick<Schemas['ActionEnvelope'], 'renewed' | 'repeated'>;

export type CacheState = 'HIT' | 'MISS' | 'STALE' | 'REVALIDATED' | 'BYPASS';
/** `age` is in seconds. */
export type Rendered<Data = any> = Envelope<Data> & { cache: CacheState | null; age: number | null };

/** One block of a batch; `notebook` where it is not the client's own. */
export interface BlockCall {
  /** How its answer is told from the others. */
  key: string;
  integration: string;
  block: string;
  inputs?: Inputs;
  useCache?: boolean;
  notebook?: number;
}

export type BlockAnswer =
  | { key: string; rendered: Rendered; error: null }
  | { key: string; rendered: null; error: PatchbayError };

export interface RenderOptions {
  /** false fetches now, and stores what comes. */
  useCache?: boolean;
  signal?: AbortSignal;
}

export interface HistoryOptions {
  /** A time in ISO 8601, or how long ago, like `24h`; all that is kept, when left out. */
  since?: string;
  /** At most so many points of each series; the rest becomes means. */
  points?: number;
}

export interface ClientOptions {
  /** Where Patchbay is: an origin, or an address below which it is mounted. Left out: where this module came from. */
  baseUrl?: string;
  /** Sent as a Bearer token. Without it, the browser's own sign-in cookie counts. */
  token?: string | null;
  /** The id of a workspace; the first one, when left out. */
  workspace?: number;
  /** The id of a notebook of that workspace, to which every call is narrowed. */
  notebook?: number;
  fetch?: typeof globalThis.fetch;
}
