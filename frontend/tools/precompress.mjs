/** Writes `.br` and `.gz` beside each text file, so that the server compresses nothing itself. */

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT = /\.(?:js|css|svg|json|map|txt)$/;
/** A smaller file is one packet either way. */
const MIN_BYTES = 1024;

/** The best compression of a large file takes seconds, for a few percent. */
const LARGE_BYTES = 400_000;
const LARGE_QUALITY = 8;

/** @param {Buffer} content */
const qualityFor = (content) => (content.length > LARGE_BYTES ? LARGE_QUALITY : constants.BROTLI_MAX_QUALITY);

/** @param {string} folder */
export function precompress(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile() && TEXT.test(entry.name))) {
    const path = join(file.parentPath, file.name);
    const content = readFileSync(path);
    if (content.length < MIN_BYTES) continue;
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: qualityFor(content) } }));
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  }
}
