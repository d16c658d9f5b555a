import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { addressOf, choicesFor } from '../src/adding/matching.ts';
import type { Offer, OfferedBlock } from '../src/registry/gallery.ts';

const blockOf = (id: string, part: Partial<OfferedBlock> = {}): OfferedBlock => ({
  id, name: id, description: '', kind: null, is_action: false, takes_url: false, url_patterns: [], ...part,
});
const offerOf = (id: string, ...blocks: OfferedBlock[]): Offer => ({ id, name: id, version: '1.0.0', description: '', icon: null, needs: [], signs_in: false, blocks });

const OFFERS: Offer[] = [
  offerOf('preview', blockOf('page', { takes_url: true }), blockOf('send', { takes_url: true, is_action: true })),
  offerOf('git', blockOf('repo', { takes_url: true, url_patterns: ['https://git\\.test/(?P<owner>[^/]+)/(?P<repo>[^/]+)'] }), blockOf('zen')),
  offerOf('broken', blockOf('odd', { url_patterns: ['(?P<unclosed'] })),
];

/** Runs the worker's own module in this thread, or never answers. */
class FakeWorker {
  static isStuck = false;
  static ended = 0;
  onmessage: (event: { data: unknown }) => void = () => {};

  postMessage(data: unknown): void {
    if (FakeWorker.isStuck) return;
    vi.stubGlobal('postMessage', (indexes: unknown) => queueMicrotask(() => this.onmessage({ data: indexes })));
    self.onmessage?.({ data } as MessageEvent);
  }

  terminate(): void {
    FakeWorker.ended += 1;
  }
}

beforeEach(async () => {
  FakeWorker.isStuck = false;
  FakeWorker.ended = 0;
  vi.stubGlobal('Worker', FakeWorker);
  await import('../src/adding/matching-worker.ts');
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('an address', () => {
  test.each([
    ['https://git.test/ada', 'https://git.test/ada'],
    ['  http://127.0.0.1:8080/x ', 'http://127.0.0.1:8080/x'],
    ['git.test', 'https://git.test/'],
    ['git.test/ada?tab=1', 'https://git.test/ada?tab=1'],
    ['weather', null],
    ['', null],
    ['javascript:alert(1)', null],
    ['data:text/html,x', null],
    ['file:///etc/passwd', null],
    ['two words.test', null],
    ['https://', null],
  ])('%o reads as %o', (text, address) => expect(addressOf(text)).toBe(address));
});

describe('choices', () => {
  const idsOf = async (address: string): Promise<string[]> => (await choicesFor(address, OFFERS)).map(({ offer, block }) => `${offer.id}/${block.id}`);

  test('blocks that know the address come before those that take any', async () => {
    expect(await idsOf('https://git.test/ada/engine')).toEqual(['git/repo', 'preview/page']);
    expect(await idsOf('https://elsewhere.test/')).toEqual(['preview/page']);
  });

  test('a pattern counts from the first character', async () => {
    expect(await idsOf('https://elsewhere.test/?next=https://git.test/ada/engine')).toEqual(['preview/page']);
  });

  test('an endless address is for none', async () => {
    expect(await idsOf(`https://git.test/ada/${'a'.repeat(3000)}`)).toEqual([]);
  });

  test('patterns that take too long are given up, and their worker with them', async () => {
    vi.useFakeTimers();
    FakeWorker.isStuck = true;
    const choices = idsOf('https://git.test/ada/engine');
    await vi.advanceTimersByTimeAsync(5000);
    expect(await choices).toEqual(['preview/page']);
    expect(FakeWorker.ended).toBe(1);
  });
});
