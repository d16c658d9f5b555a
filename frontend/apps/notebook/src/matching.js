/**
 * Which blocks a pasted address is for. Patterns come from manifests and a browser's RegExp may run for ages on a
 * bad one, so they run in a worker that is ended when it takes too long.
 */

/** @typedef {import('@patchbay/client').Integration} Integration */
/** @typedef {import('@patchbay/client').Block} Block */
/** @typedef {{ integration: Integration, block: Block }} Offer */

const DEADLINE_MILLISECONDS = 1000;
const MAX_ADDRESS_LENGTH = 2000;

/**
 * The indexes of the lists of patterns that match; none when that takes too long.
 *
 * @param {string} address
 * @param {string[][]} patterns
 * @returns {Promise<number[]>}
 */
function matchingIndexes(address, patterns) {
  const worker = new Worker(new URL('./matching-worker.js', import.meta.url), { type: 'module' });
  return new Promise((resolve) => {
    const end = (/** @type {number[]} */ indexes) => {
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

/**
 * What could be shown of an address: blocks that know it by a pattern, else those that take any address.
 *
 * @param {string} address
 * @param {Offer[]} offers
 * @returns {Promise<Offer[]>}
 */
export async function offersFor(address, offers) {
  if (address.length > MAX_ADDRESS_LENGTH) return [];
  const withPatterns = offers.filter(({ block }) => block.url_patterns?.length);
  const patterns = withPatterns.map(({ block }) => block.url_patterns ?? []);
  const indexes = patterns.length > 0 ? await matchingIndexes(address, patterns) : [];
  const takeAny = offers.filter(({ block }) => block.inputs?.some(({ name }) => name === 'url') && !block.url_patterns?.length);
  return [...indexes.map((index) => withPatterns[index]), ...takeAny];
}
