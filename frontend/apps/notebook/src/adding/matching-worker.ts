/** Tries url_patterns on an address, away from the page. */

/** RE2 names groups as Python does. */
function compiled(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern.replaceAll('(?P<', '(?<'));
  } catch {
    return null;
  }
}

self.onmessage = ({ data: { address, patterns } }: MessageEvent<{ address: string; patterns: string[][] }>) => {
  const indexes = patterns.flatMap((list, index) =>
    list.some((pattern) => compiled(pattern)?.exec(address)?.index === 0) ? [index] : [],
  );
  self.postMessage(indexes);
};

export {};
