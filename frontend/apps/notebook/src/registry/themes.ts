/** The themes of this frontend: each a set of tokens, which ui/styles/base.css names. */

import type { Declaration } from '@patchbay/client';

export interface Theme {
  id: string;
  name: string;
  scheme: 'light' | 'dark';
  tokens: Record<string, string>;
}

export const THEMES: readonly Theme[] = [
  { id: 'notebook-daylight', name: 'Daylight', scheme: 'light', tokens: {} },
  { id: 'notebook-midnight', name: 'Midnight', scheme: 'dark', tokens: {} },
  {
    id: 'notebook-paper',
    name: 'Paper',
    scheme: 'light',
    tokens: {
      page: '#f3ece0', surface: '#fcf8f0', 'surface-raised': '#fffdf8', ink: '#33291c', 'ink-soft': '#6b5c47', line: '#e2d6c2',
      accent: '#8a4b16', 'on-accent': '#ffffff', good: '#3f6b2b', warn: '#855300', bad: '#a32f22',
      font: "Charter, 'Bitstream Charter', 'Iowan Old Style', Georgia, serif", radius: '6px',
    },
  },
  {
    id: 'notebook-forest',
    name: 'Forest',
    scheme: 'dark',
    tokens: {
      page: '#0e1613', surface: '#15201b', 'surface-raised': '#1c2a24', ink: '#e3ede6', 'ink-soft': '#9db3a6', line: '#27372f',
      accent: '#74d3a4', 'on-accent': '#06281a', good: '#74d3a4', warn: '#e8c15a', bad: '#ff9080', radius: '14px',
    },
  },
  {
    id: 'notebook-contrast-light',
    name: 'High contrast, light',
    scheme: 'light',
    tokens: {
      page: '#ffffff', surface: '#ffffff', 'surface-raised': '#ffffff', ink: '#000000', 'ink-soft': '#262626', line: '#000000',
      accent: '#0037a6', 'on-accent': '#ffffff', good: '#00521f', warn: '#6b3d00', bad: '#8f0000', shadow: 'none', radius: '4px',
    },
  },
  {
    id: 'notebook-contrast-dark',
    name: 'High contrast, dark',
    scheme: 'dark',
    tokens: {
      page: '#000000', surface: '#000000', 'surface-raised': '#0a0a0a', ink: '#ffffff', 'ink-soft': '#e0e0e0', line: '#ffffff',
      accent: '#ffe14d', 'on-accent': '#000000', good: '#6dff9e', warn: '#ffd24d', bad: '#ff9b91', shadow: 'none', radius: '4px',
    },
  },
];

export const declarationsOfThemes = (): Declaration[] =>
  THEMES.map(({ id, name, scheme, tokens }) => ({
    id,
    name,
    version: '1.0.0',
    type: 'theme',
    manifest: { color_scheme: scheme, tokens },
  }));

/** Gives the page a theme; without one it follows the system. */
export function applyTheme(id: string | null, root: HTMLElement = document.documentElement): void {
  for (const name of Array.from(root.style)) if (name.startsWith('--')) root.style.removeProperty(name);
  const theme = THEMES.find((candidate) => candidate.id === id);
  root.style.colorScheme = theme?.scheme ?? 'light dark';
  root.dataset.theme = theme?.id ?? 'system';
  for (const [name, value] of Object.entries(theme?.tokens ?? {})) root.style.setProperty(`--${name}`, value);
}
