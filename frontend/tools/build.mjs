/**
 * Builds what the server serves into the folder in the first argument:
 *
 *     client/       modules at stable addresses, for pages without a bundler; their chunks have hashed names
 *     assets/       the apps of our own pages, all with hashed names
 *     icons/        marks of services, and icons of things
 *     manifest.json which of these files each app needs
 */

import { readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';

import { build } from 'vite';

import { writeIcons } from './icons.mjs';
import { precompress } from './precompress.mjs';
import { vuePlugin } from './vue-plugin.mjs';
import { ROOT, appEntries, findModule, sourceAliases } from './workspace.mjs';

/** Each group shares its chunks. A page that asks for a token needs nothing of the client before it has one. */
const MODULES = [{ patchbay: 'client/src/index', elements: 'elements/src/index' }, { connect: 'client/src/connect' }];
const TARGET = 'es2022';
/** These know light-dark(). What would stand in for it follows the system only, not the theme that was chosen. */
const CSS_TARGET = ['chrome123', 'firefox120', 'safari17.5'];
/** The viewer of the API is one file of this size, which no other page loads. */
const LARGEST_KILOBYTES = 1600;

/**
 * What several pages of an app share is one chunk: a page that came as a dozen of them would show later. A dependency
 * of a dependency goes with it, unless a group before has taken it.
 */
const SHARED_CHUNKS = [
  { name: 'vue', test: /node_modules\/(?:@vue|vue)\/|vite\/preload-helper/, priority: 3 },
  { name: 'ui', test: /packages\/(?:ui|client)\/|packages\/elements\/src\/core\.ts|node_modules\/lucide\//, priority: 2 },
  { name: 'console-parts', test: /apps\/console\/src\/(?:parts\/(?!chart\.ts)|[^/]+\.ts$)/, priority: 1 },
];

const folder = resolve(process.argv[2] ?? `${ROOT}../static/built`);

/** @param {Record<string, string>} group @returns {Record<string, string>} */
function moduleEntries(group) {
  const entries = Object.entries(group).map(([name, of]) => [name, findModule(`${ROOT}packages`, of)]);
  return Object.fromEntries(entries.filter(([, entry]) => entry !== null));
}

/** @param {import('vite').InlineConfig} config */
const buildWith = (config) =>
  build({
    root: ROOT,
    // Files name each other relatively, because a proxy may serve them all below a path.
    base: './',
    configFile: false,
    logLevel: 'warn',
    resolve: { alias: sourceAliases },
    ...config,
    // A page's policy forbids inline scripts, and every browser that we support preloads modules itself.
    build: { target: TARGET, cssTarget: CSS_TARGET, chunkSizeWarningLimit: LARGEST_KILOBYTES, modulePreload: { polyfill: false }, emptyOutDir: false, ...config.build },
  });

/** @param {Record<string, string>} group */
const buildModules = (group) =>
  buildWith({
    build: {
      outDir: `${folder}/client`,
      rolldownOptions: {
        input: moduleEntries(group),
        preserveEntrySignatures: 'allow-extension',
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js', assetFileNames: 'chunks/[name]-[hash][extname]' },
      },
    },
  });

const buildApps = () =>
  buildWith({
    plugins: [vuePlugin()],
    define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
    build: { outDir: folder, assetsDir: 'assets', assetsInlineLimit: 0, manifest: 'manifest.json', rolldownOptions: { input: appEntries(), output: { codeSplitting: { groups: SHARED_CHUNKS } } } },
  });

/** @returns {string[]} The files of apps that another app would load, and so start. */
function foreignApps() {
  /** @type {Record<string, { isEntry?: boolean, imports?: string[] }>} */
  const chunks = JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8'));
  /** @param {string} key @param {Set<string>} seen @returns {Set<string>} */
  const withImports = (key, seen = new Set()) => {
    for (const found of chunks[key]?.imports ?? []) if (!seen.has(found)) withImports(found, seen.add(found));
    return seen;
  };
  const entries = Object.keys(chunks).filter((key) => chunks[key]?.isEntry);
  return entries.flatMap((key) => [...withImports(key)].filter((found) => found !== key && entries.includes(found)));
}

rmSync(folder, { recursive: true, force: true });
for (const group of MODULES) await buildModules(group);
await buildApps();
if (foreignApps().length > 0) throw new Error(`Shared modules are in the chunk of an app: ${foreignApps().join(', ')}`);
precompress(folder);
// After the compression: icons are sent one by one, and each is smaller than a packet.
writeIcons(folder);
