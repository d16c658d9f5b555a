/** Tries url_patterns on an address, away from the page. */

/** @param {string} pattern @returns {RegExp | null} RE2 names groups as Python does. */
function compiled(pattern) {
  try {
    return new RegExp(pattern.replaceAll('(?P<', '(?<'));
  } catch {
    return null;
  }
}

self.onmessage = ({ data: { address, patterns } }) => {
  const indexes = patterns.flatMap((/** @type {string[]} */ list, /** @type {number} */ index) =>
    list.some((pattern) => compiled(pattern)?.exec(address)?.index === 0) ? [index] : [],
  );
  self.postMessage(indexes);
};
