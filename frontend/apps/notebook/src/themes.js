/** Puts a theme on the page: its tokens become custom properties of the root. */

/** @typedef {import('@patchbay/client').Declaration} Declaration */

const TOKEN = /^--[a-z][a-z0-9-]*$/;

/** Whether the system asks for a dark page. */
export const darkScheme = matchMedia('(prefers-color-scheme: dark)');

/** @param {Declaration} theme */
export function drawTheme(theme) {
  const { style } = document.documentElement;
  for (const name of [...style].filter((property) => TOKEN.test(property))) style.removeProperty(name);
  for (const [name, value] of Object.entries(theme.manifest.tokens ?? {})) {
    if (TOKEN.test(name)) style.setProperty(name, String(value));
  }
  style.setProperty('color-scheme', theme.manifest.color_scheme ?? 'light dark');
  document.documentElement.dataset.theme = theme.id;
}

/**
 * The theme that suits the system, until a person chooses one.
 *
 * @param {Declaration[]} themes
 */
export function suitingTheme(themes) {
  const wanted = darkScheme.matches ? 'dark' : 'light';
  return themes.find(({ manifest }) => manifest.color_scheme === wanted) ?? themes[0];
}
