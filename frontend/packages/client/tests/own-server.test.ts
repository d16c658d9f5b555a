import { expect, test } from 'vitest';

import { ownServer } from '../src/client.ts';

test.each([
  ['http://127.0.0.1:8765/static/client/patchbay.js', 'http://127.0.0.1:8765'],
  ['https://home.example/patchbay/static/client/patchbay.js?v=1', 'https://home.example/patchbay'],
  ['https://home.example/a/b/static/client/chunks/client-1a2b.js', 'https://home.example/a/b'],
  ['https://home.example/patchbay/static/built/assets/src-1a2b.js', 'https://home.example/patchbay'],
  // Bundled by somebody else: that page's server.
  ['https://dash.example:8443/static/js/main.js', 'https://dash.example:8443'],
  ['https://dash.example/app/assets/index.js', 'https://dash.example'],
  ['file:///somewhere/client.ts', location.origin],
])('a module at %s belongs to %s', (module, server) => expect(ownServer(module)).toBe(server));
