import { defineConfig } from 'vitest/config';

import { vuePlugin } from './tools/vue-plugin.mjs';
import { sourceAliases } from './tools/workspace.mjs';

export default defineConfig({
  plugins: [vuePlugin()],
  resolve: { alias: sourceAliases },
  test: {
    include: ['{packages,apps}/*/tests/**/*.test.{ts,js}'],
    environment: 'happy-dom',
    // Every test says which zone and language it means where that counts.
    env: { TZ: 'UTC' },
  },
});
