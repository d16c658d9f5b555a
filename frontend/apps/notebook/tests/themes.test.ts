import { expect, test } from 'vitest';

import { THEMES, type Theme, applyTheme, declarationsOfThemes } from '../src/registry/themes.ts';

/** The relative luminance of a colour as `#rrggbb` (WCAG 2.2). */
function luminanceOf(colour: string): number {
  const channels = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const PAIRS = ['page', 'surface', 'surface-raised'].flatMap((ground) => ['ink', 'ink-soft', 'accent', 'good', 'warn', 'bad'].map((ink): [string, string] => [ink, ground]));
const coloured = THEMES.filter(({ tokens }) => tokens.page !== undefined);

test.each(coloured)('every text of $name can be read', ({ id, tokens }: Theme) => {
  const needed = id.includes('contrast') ? 7 : 4.5;
  const ratios = [...PAIRS, ['on-accent', 'accent']].map(([ink = '', ground = '']) => [`${ink} on ${ground}`, contrast(tokens[ink] ?? '', tokens[ground] ?? '')] as const);
  expect(ratios.filter(([, ratio]) => !(ratio >= needed))).toEqual([]);
});

test('there are light and dark themes, and one of high contrast for each', () => {
  expect(THEMES.length).toBeGreaterThanOrEqual(4);
  const schemesOf = (themes: readonly Theme[]): string[] => [...new Set(themes.map(({ scheme }) => scheme))].sort();
  expect(schemesOf(THEMES)).toEqual(['dark', 'light']);
  expect(schemesOf(THEMES.filter(({ id }) => id.includes('contrast')))).toEqual(['dark', 'light']);
  expect(new Set(declarationsOfThemes().map(({ id }) => id)).size).toBe(THEMES.length);
});

test('a theme sets its tokens, and the next one leaves nothing of it behind', () => {
  const root = document.createElement('div');
  applyTheme('notebook-forest', root);
  expect(root.dataset.theme).toBe('notebook-forest');
  expect(root.style.getPropertyValue('--page')).toBe('#0e1613');
  applyTheme('notebook-daylight', root);
  expect(root.style.getPropertyValue('--page')).toBe('');
  expect(root.style.colorScheme).toBe('light');
});

test.each([null, 'a-theme-that-is-gone'])('%s follows the system', (id) => {
  const root = document.createElement('div');
  applyTheme(id, root);
  expect(root.dataset.theme).toBe('system');
  expect(root.style.colorScheme).toBe('light dark');
});
