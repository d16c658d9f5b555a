import { describe, expect, test } from 'vitest';

import { type Segment, fenceOf, segmentsOf } from '../src/views/page-segments.ts';

const fence = (language: string, ...lines: string[]): string => ['```' + language, ...lines, '```', ''].join('\n');
const kinds = (markdown: string): string[] => segmentsOf(markdown).map(({ kind }) => kind);
const only = (markdown: string): Segment | undefined => segmentsOf(markdown).find(({ kind }) => kind !== 'text');

describe('a page', () => {
  test('is texts with blocks between them, and loses nothing of the texts', () => {
    const [before, after] = ['# Mine\n\nSome *text*.\n\n', '\n\n- one\n- two\n'];
    const segments = segmentsOf(before + fence('open-meteo/daily', 'days: 3').trimEnd() + after);
    expect(segments).toEqual([
      { kind: 'text', markdown: before },
      { kind: 'block', integration: 'open-meteo', block: 'daily', inputs: { days: 3 } },
      { kind: 'text', markdown: after },
    ]);
  });

  test('without blocks is one text; without anything it is nothing', () => {
    expect(kinds('# a\n\nb\n\n> c\n')).toEqual(['text']);
    expect(kinds('')).toEqual([]);
  });

  test.each([
    ['no language', ''], ['a language', 'python'], ['a path', '/etc/passwd'], ['a filename', '../x/y'], ['nothing after the slash', 'open-meteo/'],
  ])('code with %s stays code', (_what, language) => expect(kinds(fence(language, 'a: 1'))).toEqual(['text']));

  test('indented code and a fence in a quotation stay text', () => {
    expect(kinds('    ```open-meteo/daily\n    ```\n')).toEqual(['text']);
    expect(kinds('> ```open-meteo/daily\n> ```\n')).toEqual(['text']);
  });
});

describe('a fence', () => {
  test('has a title after its block, and may have no inputs', () => {
    expect(only(fence('open-meteo/daily My week'))).toEqual({ kind: 'block', integration: 'open-meteo', block: 'daily', inputs: {}, title: 'My week' });
  });

  test('takes nested inputs', () => {
    expect(only(fence('a/b', 'tags: [x, y]', 'where:', '  lat: 1'))).toMatchObject({ inputs: { tags: ['x', 'y'], where: { lat: 1 } } });
  });

  test.each([
    ['not YAML', 'days: [1,'],
    ['a list', '- 1'],
    ['a word', 'days'],
    ['an alias, which could grow without end', 'a: &a [1]\nb: *a'],
    ['two of one name', 'a: 1\na: 2'],
  ])('whose inputs are %s is a problem that shows its source', (_what, source) => {
    expect(only(fence('a/b', ...source.split('\n')))).toMatchObject({ kind: 'problem', source, problem: expect.stringContaining('inputs') });
  });

  test('that is not closed is still drawn', () => {
    expect(only('```a/b\ndays: 3')).toMatchObject({ kind: 'block', inputs: { days: 3 } });
  });

  test.each([
    {}, { days: 3, place: 'São Paulo', on: true, off: 'no' }, { text: 'a\n```\nb: "c"', list: [1, { x: null }] }, { 'odd: name': 1, '2': '- x' },
  ])('made of inputs reads as these inputs: %j', (inputs) => {
    expect(only(fenceOf('a', 'b', inputs))).toEqual({ kind: 'block', integration: 'a', block: 'b', inputs });
  });
});
