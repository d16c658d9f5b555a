/** Builds `dist/` of each package: modules without their dependencies, and declarations of their types. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { build } from 'vite';

import { ROOT } from './workspace.mjs';

/** The modules of each package that others may import. */
const PACKAGES = {
  client: { index: 'index.ts', connect: 'connect.ts' },
  elements: { index: 'index.ts', core: 'core.ts', forms: 'forms.ts', drawing: 'drawing/index.ts', markdown: 'markdown.ts' },
  vue: { index: 'index.ts' },
  react: { index: 'index.ts' },
};
const EXTERNAL = [/^@patchbay\//, /^uplot$/, /^lucide$/, /^marked$/, /^dompurify$/, /^vue$/, /^react$/];
const TYPES = `${ROOT}../build/package-types`;
const TARBALLS = `${ROOT}../build/packages`;

rmSync(TYPES, { recursive: true, force: true });
const tsc = [`${ROOT}node_modules/typescript/bin/tsc`, '--project', `${ROOT}tsconfig.packages.json`, '--outDir', TYPES];
execFileSync(process.execPath, tsc, { stdio: 'inherit' });

for (const [name, modules] of Object.entries(PACKAGES)) {
  const folder = `${ROOT}packages/${name}`;
  rmSync(`${folder}/dist`, { recursive: true, force: true });
  const entry = Object.fromEntries(Object.entries(modules).map(([module, path]) => [module, `${folder}/src/${path}`]));
  await build({
    root: folder,
    configFile: false,
    logLevel: 'warn',
    build: {
      target: 'es2022',
      minify: false,
      outDir: `${folder}/dist`,
      lib: { entry, formats: ['es'] },
      rolldownOptions: { external: EXTERNAL, output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' } },
    },
  });
  cpSync(`${TYPES}/${name}/src`, `${folder}/dist`, { recursive: true });
}
rmSync(TARBALLS, { recursive: true, force: true });
mkdirSync(TARBALLS, { recursive: true });
