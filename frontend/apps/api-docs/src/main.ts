/** The page that shows the API: Swagger UI over this server's own OpenAPI document. */

import createPurifier from 'dompurify';
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';

import './api-docs.css';
import { findOperations } from './finding.ts';

interface TrustedTypes {
  createPolicy: (name: string, rules: { createHTML: (text: string) => string }) => unknown;
}

/** The viewer sets HTML as text, which the policy of the page allows through a policy only: this one sanitizes. */
function sanitizeAllHtml(): void {
  const purifier = createPurifier(window);
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  trustedTypes?.createPolicy('default', { createHTML: (text) => String(purifier.sanitize(text)) });
}

/** The viewer's dark theme is a class. */
function followColourScheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = (): void => void document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', follow);
  follow();
}

sanitizeAllHtml();
followColourScheme();
SwaggerUI({
  // Beside this page, wherever the server is mounted.
  url: new URL('v1/openapi.json', location.href).href,
  dom_id: '#app',
  // Links to single routes would stand inside their buttons.
  deepLinking: false,
  filter: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  // Neither its validator nor anybody else is told of this server.
  validatorUrl: 'none',
  // The one server is this one: a list to choose it from would have one entry, and no name.
  plugins: [{ fn: { opsFilter: findOperations }, wrapComponents: { ServersContainer: () => () => null } }],
});
