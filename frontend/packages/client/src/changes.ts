/** What has changed, for those that show it: by calls of this client and, while it is subscribed, by anybody's. */

import type { LiveEvent } from './event-stream.ts';

export interface Change {
  /** null means every integration. */
  integration: string | null;
  /** Those of which nothing is cached any more; null means any of the integration. */
  blocks: readonly string[] | null;
}

export type ChangeListener = (change: Change) => void;

export interface Changes {
  tell: (change: Change) => void;
  listen: (listener: ChangeListener) => () => void;
}

export function createChanges(): Changes {
  const listeners = new Set<ChangeListener>();
  return {
    tell: (change) => {
      for (const listener of [...listeners]) listener(change);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Whether a change is of an integration, or of one block of it. */
export const concerns = ({ integration, blocks }: Change, id: string, block?: string): boolean =>
  (integration === null || integration === id) && (blocks === null || block === undefined || blocks.includes(block));

const CHANGING = /^(account|artifacts|enabled|plugin|review|secret|settings)\./;

/** What an event says of an integration as a whole; null for one of a single answer, and for a spent budget. */
export function changeOf({ type, plugin_id, block_id }: LiveEvent): Change | null {
  if (type === 'resync') return { integration: null, blocks: null };
  if (!CHANGING.test(type)) return null;
  return { integration: plugin_id ?? null, blocks: block_id ? [block_id] : null };
}
