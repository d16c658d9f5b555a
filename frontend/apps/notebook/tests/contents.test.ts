import { describe, expect, test } from 'vitest';

import {
  COLUMNS, type Change, type Contents, EMPTY, type Item, type Place, addIntegration, addItem, changeItem, chooseTheme, chooseView,
  closeGaps, freePlace, inBoardOrder, inListOrder, moveInList, newKey, placeItems, placesOf, readContents, removeIntegration,
  removeItem, writeContents,
} from '../src/contents/contents.ts';
import { at, block, holding, keysOf, links } from './items.ts';

/** Contents of many shapes, the same in each run. */
function* boards(count: number): Generator<Item[]> {
  let seed = 7;
  const below = (limit: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % limit;
  };
  for (let board = 0; board < count; board += 1) {
    const items: Item[] = [];
    for (let item = below(14); item > 0; item -= 1) {
      const [w, h] = [2 + below(COLUMNS - 1), 1 + below(5)];
      const place = at(below(COLUMNS - w + 1), below(20), w, h);
      if (items.every((other) => !overlap(other.place, place))) items.push(block(`${board}-${item}`, { place }));
    }
    yield items;
  }
}

const overlap = (one: Place, other: Place): boolean =>
  one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;

function hasOverlap(items: readonly Item[]): boolean {
  return items.some((one, index) => items.slice(index + 1).some((other) => overlap(one.place, other.place)));
}

describe('reading', () => {
  test('nothing reads as an empty notebook', () => {
    expect(readContents()).toEqual(EMPTY);
    expect(readContents({ items: null, order: 3, integrations: {}, view: [], theme: 7 })).toEqual(EMPTY);
  });

  test('what was written is read again', () => {
    const contents: Contents = {
      items: [block('a', { title: 'Lisbon', inputs: { latitude: 38.7 } }), links('b', { place: at(4, 0) })],
      order: ['b', 'a'], integrations: ['meteo'], view: 'notebook-list', theme: 'notebook-paper',
    };
    expect(readContents(writeContents({}, contents))).toEqual(contents);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 7],
    ['an empty object', {}],
    ['another type', { ...block('x'), type: 'clock' }],
    ['no key', { ...block('x'), key: undefined }],
    ['no place', { ...block('x'), place: undefined }],
    ['a place outside of the board', block('x', { place: at(10, 0, 4, 4) })],
    ['a place at a fraction', block('x', { place: at(0.5, 0) })],
    ['a place above the board', block('x', { place: at(0, -1) })],
    ['a place without room', block('x', { place: at(0, 0, 0, 0) })],
    ['an endless place', block('x', { place: at(0, Infinity) })],
    ['inputs as a list', { ...block('x'), inputs: [] }],
    ['no inputs', { ...block('x'), inputs: null }],
    ['no integration', { ...block('x'), integration: 1 }],
    ['links without groups', { ...links('x'), groups: undefined }],
    ['a group without links', { ...links('x'), groups: [{ name: 'a' }] }],
    ['a link without an address', { ...links('x'), groups: [{ name: 'a', links: [{ name: 'b' }] }] }],
  ])('an item that is %s is left out and the others stay', (_what, wrong) => {
    expect(keysOf(readContents({ items: [block('a'), wrong, links('b')] }))).toEqual(['a', 'b']);
  });

  test('of two items with one key the first counts', () => {
    expect(readContents({ items: [block('a', { title: 'First' }), links('a')] }).items).toEqual([block('a', { title: 'First' })]);
  });

  test('settings that this page knows nothing of stay', () => {
    expect(writeContents({ density: 'high', theme: 'old' }, holding(block('a')))).toEqual({
      density: 'high', items: [block('a')], order: [], integrations: [],
    });
  });
});

describe('items', () => {
  test('an item is added once', () => {
    const added = addItem(block('a'))(EMPTY);
    expect(keysOf(added)).toEqual(['a']);
    expect(addItem(block('a', { title: 'Again' }))(added)).toBe(added);
  });

  test('a removed item leaves the list too', () => {
    const before = { ...holding(block('a'), block('b')), order: ['b', 'a'] };
    expect(removeItem('a')(before)).toEqual({ ...holding(block('b')), order: ['b'] });
  });

  test('a change to an item that is gone brings nothing back', () => {
    expect(changeItem('a', { title: 'New' })(holding(block('b')))).toEqual(holding(block('b')));
    expect(changeItem('b', { title: 'New' })(holding(block('b')))).toEqual(holding(block('b', { title: 'New' })));
  });

  test('items without a new place stay where they are', () => {
    const before = holding(block('a', { place: at(0, 0) }), block('b', { place: at(4, 0) }));
    const after = placeItems(new Map([['a', at(8, 0)], ['gone', at(0, 9)]]))(before);
    expect(Object.fromEntries(placesOf(after))).toEqual({ a: at(8, 0), b: at(4, 0) });
  });

  test('an integration leaves with its blocks only', () => {
    const before = addIntegration('feed')(addIntegration('meteo')(holding(block('a'), links('b'), block('c', { integration: 'feed' }))));
    const after = removeIntegration('meteo')({ ...before, order: ['a', 'b'] });
    expect(keysOf(after)).toEqual(['b', 'c']);
    expect(after.integrations).toEqual(['feed']);
    expect(after.order).toEqual(['b']);
  });

  test('view and theme are chosen, and a theme is left again', () => {
    const chosen = chooseTheme('notebook-paper')(chooseView('notebook-list')(EMPTY));
    expect(chosen).toMatchObject({ view: 'notebook-list', theme: 'notebook-paper' });
    expect(writeContents({ theme: 'notebook-paper' }, chooseTheme(null)(chosen))).not.toHaveProperty('theme');
  });

  test('keys differ', () => {
    expect(new Set(Array.from({ length: 200 }, newKey)).size).toBe(200);
  });
});

describe('the list', () => {
  const board = holding(block('low', { place: at(0, 4) }), block('right', { place: at(4, 0) }), block('left', { place: at(0, 0) }));
  const inOrder = (contents: Contents): string[] => inListOrder(contents).map(({ key }) => key);

  test('is in the order of the board until a person orders it', () => {
    expect(inBoardOrder(board.items).map(({ key }) => key)).toEqual(['left', 'right', 'low']);
    expect(inOrder(board)).toEqual(['left', 'right', 'low']);
  });

  test('moves an item up and down, never past an end', () => {
    expect(inOrder(moveInList('low', -1)(board))).toEqual(['left', 'low', 'right']);
    expect(inOrder(moveInList('left', 1)(board))).toEqual(['right', 'left', 'low']);
    expect(moveInList('left', -1)(board)).toBe(board);
    expect(moveInList('low', 1)(board)).toBe(board);
    expect(moveInList('gone', 1)(board)).toBe(board);
  });

  test('what was added since comes last', () => {
    const ordered = moveInList('low', -1)(board);
    expect(inOrder(addItem(block('new', { place: at(8, 0) }))(ordered))).toEqual(['left', 'low', 'right', 'new']);
  });
});

describe('places', () => {
  test('a free place holds the item, overlaps nothing, and is the first one', () => {
    for (const items of boards(200)) {
      for (const size of [{ w: 2, h: 1 }, { w: 3, h: 3 }, { w: 6, h: 4 }, { w: COLUMNS, h: 2 }]) {
        const place = freePlace(items, size);
        expect(place).toMatchObject(size);
        expect(place.x + place.w).toBeLessThanOrEqual(COLUMNS);
        expect(items.some((item) => overlap(item.place, place))).toBe(false);
        const isEarlierFree = Array.from({ length: place.x }, (_one, x) => ({ ...place, x })).some(
          (earlier) => !items.some((item) => overlap(item.place, earlier)),
        );
        expect(isEarlierFree).toBe(false);
      }
    }
  });

  test('items that lie on each other are taken apart, and all others stay where they are', () => {
    for (const items of boards(100)) {
      expect(Object.fromEntries(placesOf(readContents({ items })))).toEqual(Object.fromEntries(placesOf(holding(...items))));
      const crowded = [...items, ...items.map((item) => ({ ...item, key: `${item.key} again` }))];
      const apart = readContents({ items: crowded }).items;
      expect(hasOverlap(apart)).toBe(false);
      expect(apart).toHaveLength(crowded.length);
    }
  });

  test('an item that another tab put in the same place goes below it', () => {
    const both = addItem(block('theirs'))(addItem(block('mine'))(EMPTY));
    expect(Object.fromEntries(placesOf(both))).toEqual({ mine: at(0, 0), theirs: at(0, 4) });
    expect(hasOverlap(placeItems(new Map([['mine', at(2, 5)]]))(both).items)).toBe(false);
  });

  test('closed gaps move items up only, overlap nothing, and leave nothing that could move up', () => {
    for (const items of boards(200)) {
      const closed = closeGaps(holding(...items));
      expect(hasOverlap(closed.items)).toBe(false);
      expect(keysOf(closed).sort()).toEqual(items.map(({ key }) => key).sort());
      for (const { key, place } of closed.items) {
        const before = items.find((item) => item.key === key)?.place;
        expect(place).toEqual({ ...before, y: place.y });
        expect(place.y).toBeLessThanOrEqual(before?.y ?? -1);
        const above = { ...place, y: place.y - 1 };
        expect(place.y === 0 || closed.items.some((other) => other.key !== key && overlap(other.place, above))).toBe(true);
      }
      expect(placesOf(closeGaps(closed))).toEqual(placesOf(closed));
    }
  });
});

describe('changes of two tabs', () => {
  const before: Contents = { ...holding(block('a', { place: at(0, 0) }), block('b', { place: at(4, 0) }), links('c', { place: at(8, 0) })), order: ['a', 'b', 'c'] };
  const changes: Record<string, Change> = {
    add: addItem(block('new', { place: at(0, 4) })),
    remove: removeItem('b'),
    rename: changeItem('a', { title: 'Lisbon' }),
    place: placeItems(new Map([['c', at(8, 4)]])),
    integrate: addIntegration('feed'),
    view: chooseView('notebook-list'),
    theme: chooseTheme('notebook-paper'),
  };
  const pairs = Object.keys(changes).flatMap((one, index) => Object.keys(changes).slice(index + 1).map((other): [string, string] => [one, other]));
  const named = (name: string): Change => changes[name] as Change;

  test.each(pairs)('%s and %s come to the same in either order', (one, other) => {
    expect(named(one)(named(other)(before))).toEqual(named(other)(named(one)(before)));
  });

  test('each change made a second time changes nothing more', () => {
    for (const change of Object.values(changes)) expect(change(change(before))).toEqual(change(before));
  });

  test('an item that one tab removed and the other renamed stays away', () => {
    const [remove, rename] = [removeItem('a'), changeItem('a', { title: 'Oslo' })];
    expect(keysOf(rename(remove(before)))).toEqual(['b', 'c']);
    expect(keysOf(remove(rename(before)))).toEqual(['b', 'c']);
  });
});
