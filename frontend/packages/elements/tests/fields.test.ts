/** The backend reads fields and levels by the same table: tests/integrations/manifests/test_display.py. */

import { expect, test } from 'vitest';

import { type Threshold, type Values, fieldOf, levelOf } from '../src/drawing/display.ts';
import table from './fields.json';

test.each(table.fields as [Values, string, unknown][])('%j at %j is %j', (record, name, expected) => {
  expect(fieldOf(record, name) ?? null).toEqual(expected);
});

test.each(table.levels as [unknown, Threshold[], string | null][])('%j with %j is %j', (value, thresholds, level) => {
  expect(levelOf(value, thresholds)).toBe(level);
});
