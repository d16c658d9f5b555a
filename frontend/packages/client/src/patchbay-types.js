/**
 * The shapes that `patchbay.js` speaks in. Nothing here runs; editors and type checkers read it.
 *
 * @module patchbay-types
 */

/** @typedef {any} JsonValue Any JSON value. */
/** @typedef {Record<string, any>} Values Inputs or settings by name. */
/** @typedef {'view' | 'theme' | 'integration'} PluginType */

/**
 * @typedef {object} Declaration What a frontend declares of one plugin.
 * @property {string} id
 * @property {string} name
 * @property {string} version SemVer.
 * @property {PluginType} type
 * @property {Record<string, any>} manifest
 */

/**
 * @typedef {object} Review A change that a person must accept before stored secrets are sent again.
 * @property {string} reason
 * @property {Destination[]} old Where the secrets went.
 * @property {Destination[]} new Where they would go.
 */

/**
 * @typedef {object} Destination One place of one kind of request to one origin.
 * @property {string} request
 * @property {string} placement
 * @property {string | null} name
 * @property {string | null} origin Null while it hangs on a setting that is not made.
 * @property {string | null} [template] The URL's, where `origin` is null.
 * @property {string} text The same for a person to read.
 */

/**
 * @typedef {object} Advice What is allowed in a declaration and will surprise.
 * @property {string} path The field: `manifest.blocks[0].select`.
 * @property {string} message
 * @property {string} code The rule.
 */

/**
 * @typedef {object} Registration
 * @property {string} id
 * @property {string} [name]
 * @property {string} [version]
 * @property {PluginType} [type]
 * @property {boolean} registered
 * @property {'registered' | 'updated' | 'unchanged' | 'failed'} [status]
 * @property {string} message
 * @property {Review | null} [review]
 * @property {Record<string, string[]> | null} [errors] By field, when `registered` is false.
 * @property {Advice[]} [warnings]
 */

/**
 * @typedef {object} BatchResult
 * @property {number} registered
 * @property {number} updated
 * @property {number} unchanged
 * @property {number} failed
 * @property {Registration[]} results In the order in which the plugins were given.
 */

/**
 * @typedef {object} Plugin
 * @property {string} id
 * @property {string} name
 * @property {string} version
 * @property {PluginType} type
 * @property {Record<string, any>} [manifest]
 */

/** @typedef {'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array'} JsonType */
/** @typedef {'text' | 'password' | 'date' | 'time' | 'datetime' | 'email' | 'url' | 'color' | 'select' | 'multiselect'} FormType */
/** @typedef {string | number | boolean | { value: string | number | boolean, label?: string }} Option */

/**
 * @typedef {object} Property One setting of a plugin. A `secure` one goes to the vault and never comes back.
 * @property {string} name
 * @property {JsonType | FormType} [type]
 * @property {boolean} [required]
 * @property {boolean} [secure]
 * @property {JsonValue} [default]
 * @property {JsonValue} [const]
 * @property {JsonValue[]} [enum]
 * @property {Option[]} [options] Of a `select` or `multiselect`.
 * @property {number} [min] Of a number its value, of a string or array its length.
 * @property {number} [max]
 * @property {string} [pattern]
 * @property {string} [format]
 * @property {string} [description]
 * @property {{ type?: string, label?: string, placeholder?: string, help?: string, options?: any[] }} [ui]
 */

/**
 * @typedef {object} InputFacts
 * @property {string} name
 * @property {JsonType | FormType | null} type null if any string, number or boolean is accepted.
 * @property {boolean} required Whether a render without it is refused, unless the setting is set.
 * @property {string | null} from_config The setting that stands in when the input is left out.
 * @property {boolean} [from_url] Whether the input `url` can supply it too.
 * @property {{ value: string | number | boolean, label: string }[]} [options] What there is to choose from.
 * @property {string} [label]
 */

/** @typedef {Omit<Property, 'type' | 'options'> & InputFacts} Input What can be given to a block, as forms ask for it. */
/** @typedef {Omit<Property, 'name'> & { from_config?: string }} DeclaredInput */

/**
 * @typedef {object} Block
 * @property {string} id
 * @property {string} [name]
 * @property {string} [description]
 * @property {Record<string, DeclaredInput>} [config_schema] Its inputs as they are declared.
 * @property {Input[]} [inputs] Its inputs in effect.
 * @property {Action} [action] Where the block changes something: its button.
 * @property {string[]} [url_patterns] RE2; named groups of the input `url` become inputs.
 * @property {number} [cache_ttl] Seconds.
 */

/**
 * @typedef {object} Endpoint
 * @property {string} id
 * @property {string} [method]
 * @property {string} [path]
 * @property {string} [description]
 * @property {any[]} [parameters]
 * @property {string} [response_type]
 */

/**
 * @typedef {object} IntegrationSummary
 * @property {string} id
 * @property {string} name
 * @property {string | null} [description]
 * @property {string} version
 * @property {string | null} [author]
 * @property {string} [api_type]
 * @property {string | null} [base_url]
 * @property {string} [auth_method]
 * @property {boolean} enabled
 * @property {Review | null} [review]
 */

/** @typedef {IntegrationSummary & { properties: Property[], blocks: Block[], endpoints: Endpoint[] }} Integration */

/**
 * @typedef {object} SecretState What may be known of a secret.
 * @property {boolean} set
 * @property {'ok' | 'unreadable' | 'locked'} [status]
 * @property {string | null} [updated_at]
 * @property {string[]} [warnings] Of a secret that was just entered.
 */

/**
 * @typedef {object} PluginConfig
 * @property {string} plugin_id
 * @property {Values} config Without the secure settings.
 * @property {Record<string, SecretState>} secrets
 */

/**
 * @typedef {object} Connection An account at a provider where a person signs in.
 * @property {boolean} connected
 * @property {'ok' | 'unreadable' | 'locked' | null} status null while nobody signed in; ok without `connected` when
 *   the provider has ended it.
 * @property {string[]} scopes What may be asked for.
 * @property {string | null} connected_at
 * @property {string | null} expires_at When a user must sign in again, if the provider says so.
 * @property {string | null} redirect_uri The address to register with the provider; null if there is an obstacle.
 * @property {string | null} obstacle Why nobody can sign in from this address, and which setting to change.
 */

/**
 * @typedef {object} Problem An RFC 9457 problem.
 * @property {string} [type]
 * @property {string} [title]
 * @property {number} [status]
 * @property {string} [detail]
 * @property {string} [code]
 * @property {Record<string, string[]>} [errors]
 * @property {number} [upstream_status]
 * @property {string} [upstream_message] What the provider said, as text: a stranger's, so never as HTML.
 * @property {string | null} [error]
 * @property {'refused' | 'unknown' | 'partial'} [outcome] Of a failed action: what may have changed.
 * @property {string[]} [renewed] Of a failed action that may have changed something: the blocks to render again.
 */

/**
 * @typedef {object} Envelope What a provider answered, as it was kept.
 * @property {boolean} success
 * @property {any} data JSON as it is, text as a string, anything else in base64.
 * @property {string | null} content_type
 * @property {Problem | string | null} error The failed refresh behind a stale answer.
 * @property {boolean} cached
 * @property {boolean} stale
 * @property {string | null} fetched_at
 * @property {string | null} expires_at
 * @property {Action} [action] Only where the block is an action: then there is no data, and nobody was called.
 */

/**
 * @typedef {object} Action What a person may have run.
 * @property {string} label The label of the button.
 * @property {string | null} [confirm] What to ask before.
 * @property {string[]} [renews] The blocks to render again afterwards.
 * @property {Input[]} inputs
 */

/**
 * @typedef {Envelope & { renewed: string[], repeated: boolean }} Performed What came of an action: the blocks to
 *   render again, and whether it is the answer to an earlier call with the same key.
 */

/** @typedef {'HIT' | 'MISS' | 'STALE' | 'REVALIDATED' | 'BYPASS'} CacheState */
/** @typedef {Envelope & { cache: CacheState | null, age: number | null }} Rendered `age` is in seconds. */

/**
 * @typedef {object} Artifact
 * @property {string | null} block_id
 * @property {string | null} endpoint_id
 * @property {Values} parameters
 * @property {string} parameters_hash
 * @property {string} fetched_at
 * @property {string} expires_at
 * @property {string | null} stale_until
 * @property {number} size_bytes
 * @property {string} content_type
 * @property {string | null} last_error
 * @property {any} [data]
 */

/** @typedef {{ id: number, name: string, created_at?: string }} Workspace */
/** @typedef {{ id: number, name: string, workspace_id?: number, created_at?: string }} Notebook */
/** @typedef {{ success: boolean, message: string, details: any }} TestResult */
/**
 * @typedef {object} BatchBlock One block of a page.
 * @property {string} key How its answer is told from the others.
 * @property {string} integrationId
 * @property {string} blockType
 * @property {Values} [parameters]
 * @property {boolean} [useCache]
 * @property {number} [notebookId] Where it is not the client's own.
 */

/**
 * @typedef {object} BatchAnswer
 * @property {string} key
 * @property {Rendered | null} rendered
 * @property {import('./index.js').PatchbayError | null} error Why there is nothing rendered.
 */

/** @typedef {{ useCache?: boolean, signal?: AbortSignal }} RenderOptions */
/** @typedef {{ idempotencyKey?: string, signal?: AbortSignal }} ActOptions */
/** @typedef {{ page?: number, pageSize?: number, data?: boolean }} ArtifactsOptions */
/** @typedef {{ method?: string, query?: Values, body?: any, signal?: AbortSignal, idempotencyKey?: string }} Call */

/**
 * @typedef {object} ClientOptions
 * @property {string} [baseUrl] Where Patchbay is: an origin, or an address below which it is mounted. The server that
 *   served this file, when left out.
 * @property {string | null} [token] Sent as a Bearer token. Without it, the browser's own sign-in cookie counts.
 * @property {number} [workspaceId] The first workspace, when left out.
 * @property {number} [notebookId] Narrows every call to this notebook of the workspace.
 * @property {typeof globalThis.fetch} [fetch]
 */

export {};
