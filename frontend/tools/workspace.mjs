/** Where the workspace's packages and apps are. */

import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} folder @param {string} stem @returns {string | null} The module `stem`, in TypeScript or JavaScript. */
export function findModule(folder, stem) {
  const candidates = ['ts', 'js'].map((extension) => `${folder}/${stem}.${extension}`);
  return candidates.find((path) => existsSync(path)) ?? null;
}

/** The entry module of each app, by the app's name. @returns {Record<string, string>} */
export function appEntries() {
  const names = readdirSync(`${ROOT}apps`).sort();
  const entries = names.map((name) => [name, findModule(`${ROOT}apps/${name}/src`, 'main')]);
  return Object.fromEntries(entries.filter(([, entry]) => entry !== null));
}

const packageAliases = ['client', 'elements', 'vue', 'react', 'ui'].flatMap((name) => {
  const entry = findModule(`${ROOT}packages/${name}/src`, 'index');
  return entry === null ? [] : [{ find: new RegExp(`^@patchbay/${name}$`), replacement: entry }];
});

const MODULES_OF_ELEMENTS = { core: 'core.ts', forms: 'forms.ts', markdown: 'markdown.ts', drawing: 'drawing/index.ts' };
const moduleAliases = Object.entries(MODULES_OF_ELEMENTS).map(([name, path]) => ({
  find: `@patchbay/elements/${name}`,
  replacement: `${ROOT}packages/elements/src/${path}`,
}));

/** Imports between packages lead to their sources, so that nothing has to be built before. */
export const sourceAliases = [...packageAliases, ...moduleAliases];
