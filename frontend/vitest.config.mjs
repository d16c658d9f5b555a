import { defineConfig } from 'vitest/config';

import { sourceAliases } from './tools/workspace.mjs';

export default defineConfig({
  resolve: { alias: sourceAliases },
  test: {
    include: ['{packages,apps}/*/tests/**/*.test.{ts,js}'],
    environment: 'happy-dom',
    // Every test says which zone and language it means where that counts.
    env: { TZ: 'UTC' },
  },
});
