/** Which value of a setting counts, and what would without it. */

import type { PluginState, Property } from '@patchbay/client';

export interface Layers {
  /** What is set for the place itself. */
  own: PluginState;
  ofWorkspace: PluginState;
  /** Whether the place is a notebook. */
  isNotebook: boolean;
}

export interface Inheritance {
  isOwn: boolean;
  own: unknown;
  /** What counts when nothing is set for the place itself; undefined when nothing does. */
  inherited: unknown;
  from: 'workspace' | 'default' | null;
}

export function inheritanceOf({ name, default: fallback }: Property, { own, ofWorkspace, isNotebook }: Layers): Inheritance {
  const layers = [
    ...(isNotebook ? [{ from: 'workspace' as const, value: ofWorkspace.config[name] }] : []),
    { from: 'default' as const, value: fallback },
  ];
  const layer = layers.find(({ value }) => value !== undefined);
  return { isOwn: own.config[name] !== undefined, own: own.config[name], inherited: layer?.value, from: layer?.from ?? null };
}

/** The settings without one of them. */
export const withoutSetting = (config: Record<string, unknown>, name: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(config).filter(([of]) => of !== name));
