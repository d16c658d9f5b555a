import { type Client, createClient } from '@patchbay/client';
import { afterEach, expect, test } from 'vitest';

import { dismiss, notices } from '../../../packages/ui/src/notices.ts';
import { type Item, inBoardOrder } from '../src/contents/contents.ts';
import { type NewItem, createNotebook } from '../src/notebook.ts';

/** A notebook whose server accepts everything and keeps nothing. */
function openNotebook() {
  const fetch = async (): Promise<Response> =>
    new Response(JSON.stringify({ registered: 0, updated: 0, unchanged: 0, failed: 0, results: [], config: {} }));
  const client: Client = createClient({ baseUrl: location.origin, workspace: 1, notebook: 1, fetch });
  return createNotebook({ workspaceId: 1, row: { id: 1, name: 'Mine' } as never, client, reader: client });
}

const weather = (title: string): NewItem => ({ type: 'block', integration: 'meteo', block: 'now', inputs: {}, title });
const placesOf = (items: readonly Item[]): unknown[] => inBoardOrder(items).map((item) => ['title' in item && item.title, item.place]);

afterEach(() => {
  for (const { id } of notices.value) dismiss(id);
});

test('new items fill the board from the upper left', () => {
  const { add, contents } = openNotebook();
  for (const title of ['a', 'b', 'c', 'd']) add(weather(title), { w: 4, h: 4 });
  expect(placesOf(contents.state.value.items)).toEqual([
    ['a', { x: 0, y: 0, w: 4, h: 4 }], ['b', { x: 4, y: 0, w: 4, h: 4 }], ['c', { x: 8, y: 0, w: 4, h: 4 }], ['d', { x: 0, y: 4, w: 4, h: 4 }],
  ]);
});

test('a removal closes the gap, and undoing it puts everything back where it was', () => {
  const { add, contents, remove } = openNotebook();
  const [first] = ['a', 'b', 'c', 'd'].map((title) => add(weather(title), { w: 4, h: 4 })) as [Item];
  const before = placesOf(contents.state.value.items);

  remove(first, 'Weather');
  expect(placesOf(contents.state.value.items)).toContainEqual(['d', { x: 0, y: 0, w: 4, h: 4 }]);
  const notice = notices.value.at(-1);
  expect(notice?.text).toBe('Weather removed.');
  notice?.action?.run();
  expect(placesOf(contents.state.value.items)).toEqual(before);
});

test('undo brings back what was removed beside what came since', () => {
  const { add, contents, remove } = openNotebook();
  const item = add(weather('a'), { w: 4, h: 4 });
  remove(item, 'Weather');
  const later = add(weather('b'), { w: 4, h: 4 });
  notices.value.at(-1)?.action?.run();
  const items = contents.state.value.items;
  expect(items.map(({ key }) => key).sort()).toEqual([item.key, later.key].sort());
  expect(new Set(items.map(({ place }) => `${place.x}/${place.y}`)).size).toBe(2);
});
