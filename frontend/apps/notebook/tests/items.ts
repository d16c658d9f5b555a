/** Items and contents for tests. */

import { type BlockItem, type Contents, type Item, type LinksItem, EMPTY, type Place } from '../src/contents/contents.ts';

export const at = (x: number, y: number, w = 4, h = 4): Place => ({ x, y, w, h });

export const block = (key: string, part: Partial<BlockItem> = {}): BlockItem => ({
  key, type: 'block', integration: 'meteo', block: 'now', inputs: {}, place: at(0, 0), ...part,
});

export const links = (key: string, part: Partial<LinksItem> = {}): LinksItem => ({
  key, type: 'links', title: 'Links', groups: [{ name: '', links: [{ name: 'NAS', url: 'https://nas.local/' }] }], place: at(0, 0), ...part,
});

export const holding = (...items: Item[]): Contents => ({ ...EMPTY, items });

export const keysOf = ({ items }: Contents): string[] => items.map(({ key }) => key);
