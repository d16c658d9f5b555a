/** Renders: one request for one block, one for all that are asked for in the same tick. */

import { PatchbayError, connectionLost } from './errors.ts';
import { type Open, parseJson, readJson, readLines } from './http.ts';
import type { BlockAnswer, BlockCall, CacheState, Inputs, RenderOptions, Rendered } from './types.ts';

/** What the server takes in one batch. */
const MAX_BLOCKS = 200;

interface Waiting extends BlockCall {
  signal?: AbortSignal;
  resolve: (rendered: Rendered) => void;
  reject: (error: unknown) => void;
}

export interface Renders {
  one: (integration: string, block: string, inputs?: Inputs, options?: RenderOptions) => Promise<Rendered>;
  all: (blocks: readonly BlockCall[], onAnswer: (answer: BlockAnswer) => void, options?: { signal?: AbortSignal }) => Promise<void>;
}

export function createRenders(open: Open): Renders {
  let waiting: Waiting[] = [];

  const flush = (): void => {
    const blocks = waiting.filter(({ signal }) => !signal?.aborted);
    waiting = [];
    for (let at = 0; at < blocks.length; at += MAX_BLOCKS) void settle(open, blocks.slice(at, at + MAX_BLOCKS));
  };

  return {
    one: (integration, block, inputs = {}, { useCache = true, signal } = {}) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        if (waiting.length === 0) setTimeout(flush);
        waiting.push({ key: '', integration, block, inputs, useCache, signal, resolve, reject });
      }),

    all: async (blocks, onAnswer, { signal } = {}) => {
      const groups = Array.from({ length: Math.ceil(blocks.length / MAX_BLOCKS) }, (_, index) =>
        blocks.slice(index * MAX_BLOCKS, (index + 1) * MAX_BLOCKS),
      );
      await Promise.all(groups.map((group) => renderBatch(open, group, onAnswer, signal)));
    },
  };
}

async function settle(open: Open, blocks: Waiting[]): Promise<void> {
  const [first, second] = blocks;
  if (first && !second) {
    renderAlone(open, first).then(first.resolve, first.reject);
    return;
  }
  const keyed = new Map(blocks.map((block, index) => [String(index), block]));
  const asked = [...keyed].map(([key, block]) => ({ ...block, key }));
  const answer = ({ key, rendered, error }: BlockAnswer): void => {
    const block = keyed.get(key);
    keyed.delete(key);
    if (rendered) block?.resolve(rendered);
    else block?.reject(error);
  };
  const end = await renderBatch(open, asked, answer, signalOfAll(blocks)).then(
    () => connectionLost(new Error('The answer ended too early.')),
    (error: unknown) => error,
  );
  for (const block of keyed.values()) block.reject(end);
}

/** A signal that is aborted once nobody waits any more; undefined when somebody always will. */
function signalOfAll(blocks: readonly Waiting[]): AbortSignal | undefined {
  if (blocks.some(({ signal }) => !signal)) return undefined;
  const all = new AbortController();
  let left = blocks.length;
  const leave = (): void => {
    left -= 1;
    if (left === 0) all.abort();
  };
  for (const { signal } of blocks) {
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
  }
  return all.signal;
}

async function renderAlone(open: Open, { integration, block, inputs, useCache, signal }: Waiting): Promise<Rendered> {
  const path = `/integrations/${encodeURIComponent(integration)}/render`;
  const body = { block_type: block, parameters: inputs, use_cache: useCache };
  const response = await open(path, { method: 'POST', body, signal });
  const age = response.headers.get('Age');
  const cache = response.headers.get('X-Cache') as CacheState | null;
  return { ...(await readJson(response, signal)), cache, age: age === null ? null : Number(age) };
}

async function renderBatch(
  open: Open,
  blocks: readonly BlockCall[],
  onAnswer: (answer: BlockAnswer) => void,
  signal?: AbortSignal,
): Promise<void> {
  const asked = blocks.map(({ key, integration, block, inputs = {}, useCache = true, notebook }) => ({
    key,
    integration_id: integration,
    block_type: block,
    parameters: inputs,
    use_cache: useCache,
    notebook_id: notebook,
  }));
  const response = await open('/render-batch', { method: 'POST', body: { blocks: asked }, signal });
  for await (const line of readLines(response, signal)) if (line.trim()) onAnswer(answerOf(parseJson(line, response.status)));
}

function answerOf({ key, ...line }: any): BlockAnswer {
  if (line.success) return { key, rendered: line, error: null };
  const { code, status, detail, errors = null, retry_after_seconds: retryAfter = null } = line;
  return { key, rendered: null, error: new PatchbayError({ code, status, detail, errors, retryAfter, problem: line }) };
}
