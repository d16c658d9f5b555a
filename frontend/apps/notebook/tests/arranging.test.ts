import { expect, test } from 'vitest';

import type { Place } from '../src/contents/contents.ts';
import { nextPlace } from '../src/views/arranging.ts';
import { at } from './items.ts';

const press = (place: Place, key: string, shiftKey = false): Place | null => nextPlace(place, { key, shiftKey });

test.each<[string, Place, string, Place]>([
  ['left', at(4, 2), 'ArrowLeft', at(3, 2)],
  ['right', at(4, 2), 'ArrowRight', at(5, 2)],
  ['up', at(4, 2), 'ArrowUp', at(4, 1)],
  ['down', at(4, 2), 'ArrowDown', at(4, 3)],
  ['no further than the left edge', at(0, 2), 'ArrowLeft', at(0, 2)],
  ['no further than the right edge', at(8, 2), 'ArrowRight', at(8, 2)],
  ['no further than the upper edge', at(4, 0), 'ArrowUp', at(4, 0)],
])('an arrow moves a block %s', (_where, place, key, expected) => expect(press(place, key)).toEqual(expected));

test.each<[string, Place, string, Place]>([
  ['wider', at(4, 2, 4, 4), 'ArrowRight', at(4, 2, 5, 4)],
  ['narrower', at(4, 2, 4, 4), 'ArrowLeft', at(4, 2, 3, 4)],
  ['higher', at(4, 2, 4, 4), 'ArrowDown', at(4, 2, 4, 5)],
  ['lower', at(4, 2, 4, 4), 'ArrowUp', at(4, 2, 4, 3)],
  ['never wider than the board', at(8, 2, 4, 4), 'ArrowRight', at(8, 2, 4, 4)],
  ['never too small to read', at(4, 2, 2, 2), 'ArrowLeft', at(4, 2, 2, 2)],
  ['never too low to read', at(4, 2, 2, 2), 'ArrowUp', at(4, 2, 2, 2)],
])('an arrow with Shift makes a block %s', (_how, place, key, expected) => expect(press(place, key, true)).toEqual(expected));

test.each(['Tab', 'Enter', 'a', 'Home', 'constructor'])('%s is for the browser', (key) => expect(press(at(4, 2), key)).toBeNull());
