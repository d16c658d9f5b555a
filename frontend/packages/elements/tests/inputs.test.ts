import { expect, test } from 'vitest';

import { inputAttributes, inputsOfAttributes } from '../src/inputs.ts';

const input = (name: string, type: any) => ({ name, type, required: false, from_config: null });
const BLOCK = { inputs: [input('latitude', 'number'), input('maxItems', 'integer'), input('home_city', 'string'), input('all', 'boolean'), input('ids', 'array')] };

test('attributes become the declared inputs, by name and type', () => {
  const attributes = [
    ['latitude', '38.7'], ['maxitems', '5'], ['home-city', '007'], ['all', ''], ['ids', '[1,2]'],
  ].map(([name = '', value = '']) => ({ name, value }));
  expect(inputsOfAttributes(attributes, BLOCK)).toEqual({ latitude: 38.7, maxItems: 5, home_city: '007', all: true, ids: [1, 2] });
});

test.each([['latitude', 'north'], ['latitude', ''], ['all', 'maybe'], ['ids', '[1,'], ['unknown', '5']])(
  '%s="%s" is left for the server to refuse', (name, value) => {
    expect(inputsOfAttributes([{ name, value }], BLOCK)).toEqual({ [name]: value });
  },
);

test('without a declaration everything is text', () => {
  expect(inputsOfAttributes([{ name: 'days', value: '3' }], undefined)).toEqual({ days: '3' });
});

test('what HTML and frameworks need is no input', () => {
  const element = document.createElement('div');
  for (const name of ['integration', 'block', 'class', 'style', 'id', 'data-x', 'aria-label', 'data-v-123', 'theme', 'latitude']) element.setAttribute(name, 'x');
  expect(inputAttributes(element).map(({ name }) => name)).toEqual(['latitude']);
});
