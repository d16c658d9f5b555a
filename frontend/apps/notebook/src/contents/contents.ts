/** What a notebook holds, and the changes to it. Pure: the server keeps it as the settings of the view `notebook-board`. */

import type { Inputs } from '@patchbay/client';

/** In cells of a board of twelve columns. */
export interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface BlockItem {
  key: string;
  type: 'block';
  integration: string;
  block: string;
  inputs: Inputs;
  /** A name that a person gave it. */
  title?: string;
  place: Place;
}

export interface Link {
  name: string;
  url: string;
}

export interface LinkGroup {
  name: string;
  links: Link[];
}

export interface LinksItem {
  key: string;
  type: 'links';
  title: string;
  groups: LinkGroup[];
  place: Place;
}

export type Item = BlockItem | LinksItem;

export interface Contents {
  items: Item[];
  /** Keys in the order of the list; the board's own order where it says nothing. */
  order: string[];
  /** Integrations that were added from the gallery: the page declares them at each start. */
  integrations: string[];
  view: string | null;
  theme: string | null;
}

export type Change = (contents: Contents) => Contents;

export const COLUMNS = 12;
const MIN_SIZE = 2;

export const EMPTY: Contents = { items: [], order: [], integrations: [], view: null, theme: null };

/** The contents that some settings stand for; whatever is not understood is left out. */
export function readContents(config: Record<string, any> = {}): Contents {
  return separate({
    items: list(config.items).filter(isItem).filter(isFirstOfItsKey),
    order: list(config.order).filter(isText),
    integrations: list(config.integrations).filter(isText),
    view: isText(config.view) ? config.view : null,
    theme: isText(config.theme) ? config.theme : null,
  });
}

/** The settings that stand for some contents, beside those that this page knows nothing of. */
export function writeContents(config: Record<string, unknown>, { view, theme, ...rest }: Contents): Record<string, unknown> {
  const { view: _view, theme: _theme, ...others } = config;
  return { ...others, ...rest, ...(view && { view }), ...(theme && { theme }) };
}

export const newKey = (): string => crypto.getRandomValues(new Uint32Array(2)).join('-');

/** Adds an item, or brings one back that was removed; one that is there stays as it is. */
export const addItem = (item: Item): Change => (contents) =>
  contents.items.some(({ key }) => key === item.key) ? contents : separate({ ...contents, items: [...contents.items, item] });

export const removeItem = (key: string): Change => removeItems((item) => item.key === key);

const removeItems = (isMeant: (item: Item) => boolean): Change => (contents) => {
  const gone = new Set(contents.items.filter(isMeant).map(({ key }) => key));
  return {
    ...contents,
    items: contents.items.filter(({ key }) => !gone.has(key)),
    order: contents.order.filter((key) => !gone.has(key)),
  };
};

/** Replaces some members of an item; one that is gone stays gone. */
export const changeItem = (key: string, part: Partial<BlockItem> | Partial<LinksItem>): Change => (contents) => ({
  ...contents,
  items: contents.items.map((item) => (item.key === key ? ({ ...item, ...part } as Item) : item)),
});

export const placeItems = (places: ReadonlyMap<string, Place>): Change => (contents) =>
  separate({ ...contents, items: contents.items.map((item) => ({ ...item, place: places.get(item.key) ?? item.place })) });

/** Moves an item up (-1) or down (1) in the list. */
export const moveInList = (key: string, by: -1 | 1): Change => (contents) => {
  const order = inListOrder(contents).map((item) => item.key);
  const at = order.indexOf(key);
  const to = at + by;
  if (at < 0 || to < 0 || to >= order.length) return contents;
  order.splice(at, 1);
  order.splice(to, 0, key);
  return { ...contents, order };
};

export const addIntegration = (id: string): Change => (contents) => ({
  ...contents,
  integrations: [...new Set([...contents.integrations, id])],
});

/** Takes an integration out, with its blocks. */
export const removeIntegration = (id: string): Change => (contents) => ({
  ...removeItems((item) => item.type === 'block' && item.integration === id)(contents),
  integrations: contents.integrations.filter((other) => other !== id),
});

export const chooseView = (view: string): Change => (contents) => ({ ...contents, view });
export const chooseTheme = (theme: string | null): Change => (contents) => ({ ...contents, theme });

/** From the upper left to the lower right. */
export const inBoardOrder = (items: readonly Item[]): Item[] =>
  [...items].sort((one, other) => one.place.y - other.place.y || one.place.x - other.place.x);

/** As a person ordered the list; what was added since comes last. */
export function inListOrder({ items, order }: Contents): Item[] {
  const rank = new Map(order.map((key, index) => [key, index]));
  const rankOf = ({ key }: Item): number => rank.get(key) ?? order.length;
  return inBoardOrder(items).sort((one, other) => rankOf(one) - rankOf(other));
}

const overlap = (one: Place, other: Place): boolean =>
  one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;

/** The first free place of a size, row by row. */
export function freePlace(items: readonly Item[], { w, h }: { w: number; h: number }): Place {
  for (let y = 0; ; y += 1) {
    for (let x = 0; x + w <= COLUMNS; x += 1) {
      const place = { x, y, w, h };
      if (!items.some((item) => overlap(item.place, place))) return place;
    }
  }
}

/** Moves items down that would lie on others: two tabs may have given them the same place. */
const separate: Change = (contents) => {
  const places = new Map<string, Place>();
  for (const { key, place: wanted } of inBoardOrder(contents.items)) {
    let place = wanted;
    while ([...places.values()].some((other) => overlap(other, place))) place = { ...place, y: place.y + 1 };
    places.set(key, place);
  }
  return { ...contents, items: contents.items.map((item) => ({ ...item, place: places.get(item.key) ?? item.place })) };
};

/** Moves every item up as far as it can go, so that no hole is left. */
export const closeGaps: Change = (contents) => {
  const settled: Item[] = [];
  for (const item of inBoardOrder(contents.items)) {
    let place = item.place;
    for (let y = place.y - 1; y >= 0 && !settled.some((other) => overlap(other.place, { ...place, y })); y -= 1) place = { ...place, y };
    settled.push({ ...item, place });
  }
  return { ...contents, items: settled };
};

/** The places of all items, to go back to. */
export const placesOf = ({ items }: Contents): Map<string, Place> => new Map(items.map(({ key, place }) => [key, place]));

const list = (value: unknown): any[] => (Array.isArray(value) ? value : []);
const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0;

function isPlace(value: any): value is Place {
  const { x, y, w, h } = value ?? {};
  return [x, y, w, h].every(isCount) && w >= MIN_SIZE && h >= 1 && x + w <= COLUMNS;
}

function isItem(value: any): value is Item {
  if (!isText(value?.key) || !isPlace(value.place)) return false;
  if (value.type === 'links') return isText(value.title) && list(value.groups).every(isGroup) && Array.isArray(value.groups);
  const hasInputs = typeof value.inputs === 'object' && value.inputs !== null && !Array.isArray(value.inputs);
  return value.type === 'block' && isText(value.integration) && isText(value.block) && hasInputs;
}

const isFirstOfItsKey = ({ key }: Item, at: number, all: Item[]): boolean => all.findIndex((item) => item.key === key) === at;

const isGroup = (value: any): value is LinkGroup =>
  isText(value?.name) && Array.isArray(value.links) && value.links.every((link: any) => isText(link?.name) && isText(link?.url));
