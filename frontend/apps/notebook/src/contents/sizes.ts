/** How much room a new block gets on a board, by how it is drawn. */

import type { Kind } from '@patchbay/elements';

export interface Size {
  w: number;
  h: number;
}

const SIZES: Record<Kind, Size> = {
  figure: { w: 3, h: 3 },
  gauge: { w: 3, h: 3 },
  status: { w: 3, h: 4 },
  facts: { w: 3, h: 4 },
  table: { w: 6, h: 4 },
  list: { w: 4, h: 4 },
  feed: { w: 4, h: 5 },
  article: { w: 4, h: 4 },
  image: { w: 4, h: 4 },
  line: { w: 6, h: 4 },
  bars: { w: 6, h: 4 },
  timeline: { w: 4, h: 5 },
  map: { w: 4, h: 4 },
};
const UNKNOWN: Size = { w: 4, h: 4 };
const ACTION: Size = { w: 3, h: 2 };
export const LINKS: Size = { w: 3, h: 4 };

export const sizeOf = (kind: string | null | undefined, isAction = false): Size =>
  isAction ? ACTION : (SIZES[kind as Kind] ?? UNKNOWN);
