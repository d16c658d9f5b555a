import { describe as group, expect, it } from 'vitest';

import { explainIn, offersIn } from '../src/pages/adding/completing/completions.ts';

/** Shaped like the schema of a declaration. */
const SCHEMA = {
  properties: {
    id: { type: 'string', maxLength: 64 },
    version: { type: 'string' },
    type: { enum: ['view', 'integration'] },
    manifest: { $ref: '#/$defs/Manifest' },
  },
  required: ['id', 'type'],
  $defs: {
    Manifest: {
      description: 'What a service can do.',
      properties: {
        integration: { properties: { auth: { anyOf: [{ $ref: '#/$defs/Key' }, { properties: { type: { const: 'bearer' }, token: true } }] } } },
        endpoints: { type: 'array', items: { $ref: '#/$defs/Endpoint' } },
      },
    },
    Key: { properties: { type: { enum: ['api_key'] }, in: { enum: ['header', 'query'], description: 'Where it goes.' } } },
    Endpoint: {
      properties: {
        id: { type: 'string' },
        method: { enum: ['GET', 'POST'], default: 'GET' },
        strict: { type: 'boolean' },
        headers: { additionalProperties: { $ref: '#/$defs/Key' } },
        next: { $ref: '#/$defs/Endpoint' },
        tags: { type: 'array', items: { enum: ['a', '1'] } },
      },
      required: ['id'],
    },
  },
};

/** What is offered where `|` stands, and what the text becomes with the first of it. */
function at(marked: string) {
  const position = marked.indexOf('|');
  const text = marked.replace('|', '');
  const found = offersIn(SCHEMA, text, position);
  const [first] = found?.offers ?? [];
  return { labels: found?.offers.map(({ label }) => label) ?? null, becomes: found && first ? text.slice(0, found.from) + first.text + text.slice(found.to) : null };
}

group('in JSON', () => {
  it.each([
    ['{|', ['id', 'type', 'version', 'manifest', 'integration', 'endpoints']],
    ['{"id": "x", |', ['type', 'version', 'manifest']],
    ['{"integration": {}, |', ['endpoints']],
    ['{"id": "x", "manifest": {"|', ['integration', 'endpoints']],
    ['{"manifest": {"endpoints": [{"id": "a"}, {"method": "|', ['GET', 'POST']],
    ['{"manifest": {"endpoints": [{"strict": |', ['true', 'false']],
    ['{"manifest": {"endpoints": [{"next": {"next": {"id": "}", |', ['method', 'strict', 'headers', 'next', 'tags']],
    ['{"manifest": {"endpoints": [{"headers": {"X-\\"Any": {|', ['type', 'in']],
    ['{"manifest": {"endpoints": [{"tags": ["a", |', ['a', '1']],
    ['{"manifest": {"integration": {"auth": {"type": |', ['api_key', 'bearer']],
    ['{"manifest": {"integration": {"auth": {"type": "bearer", |}}}}', ['in', 'token']],
    ['{"id": "x" |', null],
    ['{"id": "x"} |', null],
    ['{"unknown": {|', null],
    ['[]}|', null],
  ])('%s', (text, labels) => {
    expect(at(text).labels).toEqual(labels);
  });
  it.each([
    ['{"ty|"}', '{"id": }'],
    ['{"|ty": "view"}', '{"id": "view"}'],
    ['{"type": "vi|"}', '{"type": "view"}'],
    ['{"type": |}', '{"type": "view"}'],
    ['{"type": vi|ew, "id": 1}', '{"type": "view", "id": 1}'],
  ])('%s becomes %s', (text, becomes) => {
    expect(at(text).becomes).toBe(becomes);
  });
});

group('in YAML', () => {
  it.each([
    ['id: x\n|', ['type', 'version', 'manifest']],
    ['manifest:\n  endpoints:\n    - id: a\n    - id: b\n      |', ['method', 'strict', 'headers', 'next', 'tags']],
    ['manifest:\n  endpoints:\n  - id: a\n    method: |', ['GET', 'POST']],
    ['manifest:\n  endpoints:\n  - id: a\n  - |', ['id', 'method', 'strict', 'headers', 'next', 'tags']],
    ['manifest:\n  integration:\n    auth:\n      type: api_key\n  |', ['endpoints']],
    ['# a comment\nmanifest:\n  integration:\n    auth:\n\n      in: |', ['header', 'query']],
    ['manifest:\n  endpoints:\n    - next:\n        tags:\n          - |', ['a', '1']],
    ['manifest:\n  endpoints:\n    - headers:\n        "X-Any":\n          |', ['type', 'in']],
    ['id: x # |', null],
    ['id: {|', null],
  ])('%s', (text, labels) => {
    expect(at(text).labels).toEqual(labels);
  });
  it.each([
    ['id: x\nty|', 'id: x\ntype: '],
    ['type: vi|', 'type: view'],
    ['id: x\nty|: view', 'id: x\ntype: view'],
  ])('%s becomes %s', (text, becomes) => {
    expect(at(text).becomes).toBe(becomes);
  });
  it('quotes what would be another type', () => {
    const text = 'manifest:\n  endpoints:\n    - tags:\n        - ';
    expect(offersIn(SCHEMA, text, text.length)?.offers.map((offer) => offer.text)).toEqual(['a', '"1"']);
  });
});

group('a name', () => {
  it.each([
    ['{"manifest": {"integration": {"auth": {"i|n": 1}}}}', ['Where it goes.', 'one of header, query']],
    ['manifest:\n  endpoints:\n    - meth|od: GET', ['one of GET, POST · "GET" by default']],
    ['{"|id": 1}', ['string · up to 64 characters']],
    ['{"id": "me|thod"}', null],
    ['{"unk|nown": 1}', null],
  ])('is explained: %s', (marked, about) => {
    const found = explainIn(SCHEMA, marked.replace('|', ''), marked.indexOf('|'));
    expect(found?.about ?? null).toEqual(about);
  });
});
