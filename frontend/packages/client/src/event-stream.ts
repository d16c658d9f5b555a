/** One stream of Server-Sent Events (WHATWG HTML section 9.2), read by fetch: an EventSource could not send a token. */

import { unexpectedAnswer } from './errors.ts';
import { type Open, parseJson, readLines } from './http.ts';

/** What happened, where; docs/api.md lists the types and what more each has. */
export interface LiveEvent {
  /** Such as `artifact.renewed`. */
  type: string;
  /** Empty for an event that the client itself made. */
  id: string;
  at?: string;
  workspace_id?: number | null;
  notebook_id?: number | null;
  plugin_id?: string | null;
  block_id?: string | null;
  parameters_hash?: string | null;
  fetched_at?: string;
  expires_at?: string;
  /** Of a failure. */
  code?: string;
  /** Of a `resync`. */
  reason?: string;
  /** Of a plugin that was declared, changed or forgotten. */
  plugin_type?: string;
  [member: string]: unknown;
}

/** Tells that events are missing, for a reason of the client's own. */
export const GAP: LiveEvent = { type: 'resync', id: '', reason: 'gap' };

/** Something that arrived: an event, or only a sign of life with the id to resume after. */
export interface Received {
  lastId: string;
  retryMilliseconds: number | null;
  event: LiveEvent | null;
}

/** The server sends something at least every 15 seconds. */
const MAX_SILENCE_MILLISECONDS = 40_000;

/**
 * Reads one stream until it ends. Resolves at the end, and rejects when the connection breaks or was refused, or nothing
 * has arrived for too long. `hear` gets what arrives.
 */
export async function readStream(open: Open, lastId: string, signal: AbortSignal, hear: (received: Received) => void): Promise<void> {
  const connection = new AbortController();
  const end = (): void => connection.abort();
  let silence = setTimeout(end, MAX_SILENCE_MILLISECONDS);
  signal.addEventListener('abort', end);
  try {
    const headers = { Accept: 'text/event-stream', 'Last-Event-ID': lastId };
    const response = await open('/events', { headers, signal: connection.signal });
    if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
      throw unexpectedAnswer(response.status, 'What answered sends no events.');
    }
    for await (const received of readEvents(response, connection.signal)) {
      clearTimeout(silence);
      silence = setTimeout(end, MAX_SILENCE_MILLISECONDS);
      hear(received);
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', end);
    end();
  }
}

async function* readEvents(response: Response, signal: AbortSignal): AsyncGenerator<Received, void, void> {
  let lastId = '';
  let retryMilliseconds: number | null = null;
  let type = '';
  let data: string[] = [];
  for await (const line of readLines(response, signal)) {
    const [, field, value = ''] = /^([^:\r]*)(?:: ?([^\r]*))?/.exec(line) ?? [];
    if (field === 'id') lastId = value;
    else if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
    else if (field === 'retry' && /^\d+$/.test(value)) retryMilliseconds = Number(value);
    // An empty line ends an event; a comment begins with a colon.
    if (line.trim()) continue;
    const told = data.length > 0 ? parseJson(data.join('\n'), response.status) : null;
    const event = told && { ...told, plugin_type: told.type, type, id: lastId };
    yield { lastId, retryMilliseconds, event };
    [type, data] = ['', []];
  }
}
