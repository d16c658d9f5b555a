/**
 * Writes the marks of services as `icons/si.*`, and icons of things as `icons/lucide.*`. Each set is two files, since
 * thousands of small ones take seconds to write: `.svgs` holds all SVG documents one after the other, `.json` says by
 * name where each begins and how many bytes it has.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import * as marks from 'simple-icons';

const require = createRequire(import.meta.url);
const LUCIDE_NAMES = fileURLToPath(import.meta.resolve('lucide/dist/esm/lucide.mjs'));
const NAMESPACE = 'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"';
const STROKED = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';

/** @param {string} folder */
export function writeIcons(folder) {
  mkdirSync(`${folder}/icons`, { recursive: true });
  writeSet(`${folder}/icons/si`, serviceMarks());
  writeSet(`${folder}/icons/lucide`, lucideIcons());
}

/** @param {string} path @param {Map<string, string>} documents By name. */
function writeSet(path, documents) {
  /** @type {Record<string, [number, number]>} */
  const places = {};
  let size = 0;
  for (const [name, document] of documents) {
    places[name] = [size, Buffer.byteLength(document)];
    size += Buffer.byteLength(document);
  }
  writeFileSync(`${path}.svgs`, [...documents.values()].join(''));
  writeFileSync(`${path}.json`, JSON.stringify(places));
}

const serviceMarks = () => new Map(Object.values(marks).map(({ slug, path }) => [slug, `<svg ${NAMESPACE}><path d="${path}"/></svg>\n`]));

/** Each icon under its name, and under the names that it had before. */
function lucideIcons() {
  // The package's one CommonJS file is read faster than its two thousand modules, whose names only their list tells.
  const shapes = require('lucide');
  const listed = readFileSync(LUCIDE_NAMES, 'utf-8').matchAll(/^export \{ (.*) \} from '\.\/icons\/(.*)\.mjs';$/gm);
  /** @type {Map<string, string>} */
  const documents = new Map();
  for (const [, exported = '', name = ''] of listed) {
    const exports = [...exported.matchAll(/default as (\w+)/g)].map(([, one = '']) => one);
    for (const one of [name, ...exports.map(fileName)]) documents.set(one, svgOf(shapes[exports[0] ?? '']));
  }
  return documents;
}

/** `trash-2` for `Trash2`. @param {string} exported */
const fileName = (exported) =>
  exported.replace(/([A-Z])([A-Z][a-z])/g, '$1-$2').replace(/([a-z\d])([A-Z])/g, '$1-$2').replace(/([a-zA-Z])(\d)/g, '$1-$2').toLowerCase();

/** @param {[string, Record<string, string | number>][]} shapes */
function svgOf(shapes) {
  const drawn = shapes.map(([tag, attributes]) => `<${tag} ${Object.entries(attributes).map(([name, value]) => `${name}="${value}"`).join(' ')}/>`);
  return `<svg ${NAMESPACE} ${STROKED}>${drawn.join('')}</svg>\n`;
}
