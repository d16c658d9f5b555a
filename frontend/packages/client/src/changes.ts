/** What calls through one client have changed, for those that show it. */

/** `blocks` names those of which nothing is cached any more; null means any of the integration. */
export interface Change {
  integration: string;
  blocks: readonly string[] | null;
}

export type ChangeListener = (change: Change) => void;

export interface Changes {
  tell: (integration: string, blocks?: readonly string[] | null) => void;
  listen: (listener: ChangeListener) => () => void;
}

export function createChanges(): Changes {
  const listeners = new Set<ChangeListener>();
  return {
    tell: (integration, blocks = null) => {
      for (const listener of [...listeners]) listener({ integration, blocks });
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
