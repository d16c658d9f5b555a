import { type Client, PatchbayError, type TaggedState } from '@patchbay/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type KeptState, keepState } from '../src/contents/kept-state.ts';

type Config = Record<string, any>;
type Words = string[];

const network = (): PatchbayError => new PatchbayError({ code: 'network', status: 0, detail: 'Patchbay does not answer.' });
const FORMAT = { view: 'board', read: ({ words = [] }: Config): Words => words, write: (config: Config, words: Words) => ({ ...config, words }) };
const add = (word: string) => (words: Words): Words => [...words, word];

/** What a server keeps, and two ways to make it difficult. */
class Server {
  config: Config | null = { words: [] };
  version = 1;
  failure: PatchbayError | null = null;
  writes = 0;
  /** Calls that wait until `answer`. */
  waiting: (() => void)[] | null = null;

  get client(): Client {
    return { pluginState: () => this.#read(), changePluginState: (_id: string, change: (config: Config) => Config) => this.#change(change), setPluginState: (_id: string, { config }: { config: Config }, { etag }: { etag: string | null }) => this.#put(config, etag) } as unknown as Client;
  }

  answer(): void {
    for (const go of this.waiting?.splice(0) ?? []) go();
  }

  #state(): TaggedState {
    return { config: structuredClone(this.config ?? {}), etag: `"${this.version}"` } as unknown as TaggedState;
  }

  async #read(): Promise<TaggedState> {
    if (this.failure) throw this.failure;
    if (this.config === null) throw new PatchbayError({ code: 'not_found', status: 404, detail: 'There is no plugin board.' });
    return this.#state();
  }

  async #change(change: (config: Config) => Config): Promise<TaggedState> {
    if (this.waiting) await new Promise<void>((go) => this.waiting?.push(go));
    return this.#write(change(structuredClone(this.config ?? {})));
  }

  async #put(config: Config, etag: string | null): Promise<TaggedState> {
    if (etag !== null && etag !== `"${this.version}"`) throw new PatchbayError({ code: 'precondition_failed', status: 412, detail: 'It has changed.' });
    return this.#write(config);
  }

  #write(config: Config): TaggedState {
    if (this.failure) throw this.failure;
    this.config = config;
    this.version += 1;
    this.writes += 1;
    return this.#state();
  }
}

let server: Server;
let kept: KeptState<Words>;
const open = (isDeclared: Promise<unknown> = Promise.resolve()): KeptState<Words> => keepState(server.client, FORMAT, isDeclared);

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  kept = open();
});
afterEach(() => void vi.useRealTimers());

test('a change shows at once and is saved a moment later, several in one go', async () => {
  kept.change(add('a'));
  kept.change(add('b'));
  expect(kept.state.value).toEqual(['a', 'b']);
  expect(server.config).toEqual({ words: [] });
  await vi.advanceTimersByTimeAsync(1000);
  expect(server.config).toEqual({ words: ['a', 'b'] });
  expect(server.writes).toBe(1);
});

test('a change is made to what another tab saved meanwhile, and settings of others stay', async () => {
  kept.change(add('mine'));
  server.config = { words: ['theirs'], density: 'high' };
  await kept.save();
  expect(server.config).toEqual({ words: ['theirs', 'mine'], density: 'high' });
  expect(kept.state.value).toEqual(['theirs', 'mine']);
});

test('nothing is saved before the view is declared', async () => {
  let declare = (): void => {};
  kept = open(new Promise<void>((resolve) => (declare = resolve)));
  kept.change(add('a'));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(server.writes).toBe(0);
  declare();
  await vi.advanceTimersByTimeAsync(0);
  expect(server.config).toEqual({ words: ['a'] });
});

test('a view that cannot be declared is a problem that is told, not an error of the page', async () => {
  kept = open(Promise.reject(network()));
  kept.change(add('a'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(kept.problem.value?.code).toBe('network');
  expect(kept.state.value).toEqual(['a']);
});

test('what cannot be saved stays on the page and is saved later', async () => {
  server.failure = network();
  kept.change(add('a'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(kept.problem.value?.code).toBe('network');
  kept.change(add('b'));
  expect(kept.state.value).toEqual(['a', 'b']);
  server.failure = null;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(server.config).toEqual({ words: ['a', 'b'] });
  expect(kept.problem.value).toBeNull();
});

test('reading anew keeps what is not saved yet', async () => {
  kept.change(add('mine'));
  server.config = { words: ['theirs'] };
  await kept.reload();
  expect(kept.state.value).toEqual(['theirs', 'mine']);
});

test('a view that is not declared yet reads as empty; another failure is thrown', async () => {
  server.config = null;
  await kept.reload();
  expect(kept.state.value).toEqual([]);
  server.failure = network();
  await expect(kept.reload()).rejects.toThrow('does not answer');
});

test('changes made while others are being saved are saved once, however often it is asked for', async () => {
  server.waiting = [];
  kept.change(add('a'));
  void kept.save();
  await vi.advanceTimersByTimeAsync(0);
  kept.change(add('b'));
  const saves = [kept.save(), kept.save(), kept.save()];
  server.answer();
  await vi.advanceTimersByTimeAsync(0);
  kept.change(add('c'));
  while (server.waiting.length > 0) {
    server.answer();
    await vi.advanceTimersByTimeAsync(0);
  }
  server.waiting = null;
  await Promise.all(saves);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(server.config).toEqual({ words: ['a', 'b', 'c'] });
  expect(kept.state.value).toEqual(['a', 'b', 'c']);
});

test('what is not saved yet is sent in one request when the page goes', async () => {
  await kept.reload();
  kept.change(add('a'));
  kept.leave();
  await vi.advanceTimersByTimeAsync(0);
  expect(server.config).toEqual({ words: ['a'] });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(server.writes).toBe(1);
});

test('a page that goes overwrites nothing, and one that comes back saves then', async () => {
  await kept.reload();
  kept.change(add('mine'));
  server.config = { words: ['theirs'] };
  server.version += 1;
  kept.leave();
  await vi.advanceTimersByTimeAsync(0);
  expect(server.config).toEqual({ words: ['theirs'] });
  await kept.save();
  expect(server.config).toEqual({ words: ['theirs', 'mine'] });
});

test('a page that goes while it saves sends what was changed since, whether or not the save was heard', async () => {
  await kept.reload();
  server.waiting = [];
  kept.change(add('a'));
  void kept.save();
  await vi.advanceTimersByTimeAsync(0);
  server.config = { words: ['a'] };
  server.version += 1;
  kept.change(add('b'));
  kept.leave();
  await vi.advanceTimersByTimeAsync(0);
  expect(server.config).toEqual({ words: ['a', 'b'] });
});
