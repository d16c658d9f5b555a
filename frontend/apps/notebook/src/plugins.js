/**
 * The plugins of this frontend. It holds the list, and of its views and themes the code that draws them; Patchbay only
 * keeps what is declared here.
 */

import { drawTheme } from './themes.js';
import { drawCards } from './views/cards.js';
import { drawList } from './views/list.js';

/** @typedef {import('@patchbay/client').Declaration} Declaration */

/** @type {Record<string, (blocks: HTMLElement[], manifest: Record<string, any>) => HTMLElement>} */
export const VIEWS = {
  'view-cards': drawCards,
  'view-list': drawList,
};

/** @type {Record<string, (theme: Declaration) => void>} */
export const THEMES = {
  'theme-daylight': drawTheme,
  'theme-midnight': drawTheme,
};

export const INTEGRATIONS = ['open-meteo', 'openweathermap', 'github', 'link-preview', 'rss-feed', 'syncthing'];

/**
 * What this frontend declares at startup, in the order in which it shows them.
 *
 * @returns {Promise<Declaration[]>}
 */
export async function loadDeclarations() {
  const response = await fetch('/notebook/plugins.json', { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(`The list of plugins answered ${response.status}.`);
  /** @type {Declaration[]} */
  const declarations = await response.json();
  const own = [...Object.keys(VIEWS), ...Object.keys(THEMES), ...INTEGRATIONS];
  return own.flatMap((id) => declarations.filter((declaration) => declaration.id === id));
}
