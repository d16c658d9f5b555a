/**
 * Which blocks a pasted address is for. Patterns come from manifests and a browser's RegExp may run for ages on a
 * bad one, so they run in a worker that is ended when it takes too long.
 */

import workerUrl from './matching-worker.ts?worker&url';
import type { Offer, OfferedBlock } from '../registry/gallery.ts';

export interface Choice {
  offer: Offer;
  block: OfferedBlock;
}

const DEADLINE_MILLISECONDS = 1000;
const MAX_ADDRESS_LENGTH = 2000;

/** The address that was pasted; null when it is none that can be fetched. */
export function addressOf(text: string): string | null {
  const trimmed = text.trim();
  const isBare = /^[\w-]+(\.[\w-]+)+(\/\S*)?$/.test(trimmed);
  try {
    const url = new URL(isBare ? `https://${trimmed}` : trimmed);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}

/** What could be shown of an address: blocks that know it by a pattern, then those that take any address. */
export async function choicesFor(address: string, offers: readonly Offer[]): Promise<Choice[]> {
  if (address.length > MAX_ADDRESS_LENGTH) return [];
  const choices = offers.flatMap((offer) => offer.blocks.map((block) => ({ offer, block })));
  const withPatterns = choices.filter(({ block }) => block.url_patterns.length > 0);
  const takeAny = choices.filter(({ block }) => block.takes_url && block.url_patterns.length === 0 && !block.is_action);
  const indexes = await matchingIndexes(address, withPatterns.map(({ block }) => block.url_patterns));
  return [...indexes.flatMap((index) => withPatterns[index] ?? []), ...takeAny];
}

/** The worker's address, by a policy of Trusted Types that knows no other one. */
function workerAddress(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: { createPolicy: (name: string, rules: object) => { createScriptURL: (url: string) => string } } };
  policy ??= trustedTypes?.createPolicy('patchbay-worker', { createScriptURL: () => workerUrl }) ?? null;
  return policy?.createScriptURL('') ?? workerUrl;
}

let policy: { createScriptURL: (url: string) => string } | null = null;

/** The indexes of the lists of patterns that match; none when that takes too long. */
function matchingIndexes(address: string, patterns: string[][]): Promise<number[]> {
  const worker = new Worker(workerAddress(), { type: 'module' });
  return new Promise((resolve) => {
    const end = (indexes: number[]): void => {
      clearTimeout(timer);
      worker.terminate();
      resolve(indexes);
    };
    const timer = setTimeout(() => end([]), DEADLINE_MILLISECONDS);
    worker.onmessage = ({ data }) => end(data);
    worker.onerror = () => end([]);
    worker.postMessage({ address, patterns });
  });
}
