import type { AuditEntry } from '@patchbay/client';
import { expect, test } from 'vitest';

import { differencesOf, factsOf, nameOf, subjectOf } from '../src/pages/audit/entries.ts';

const entry = (part: Partial<AuditEntry>): AuditEntry => ({
  id: 1, at: '2026-11-30T20:00:00Z', who: { kind: 'session', id: 1, name: 'Firefox' }, address: null, request_id: null, what: 'workspace.changed', plugin_id: null, workspace_id: 2,
  notebook_id: null, details: {}, ...part,
});

test('a renamed workspace is called by its new name, and shows both', () => {
  const renamed = entry({ details: { name: { before: 'Garden', after: 'House' } } });
  expect(subjectOf(renamed)).toBe('House');
  expect(differencesOf(renamed)).toEqual([{ name: 'name', before: 'Garden', after: 'House' }]);
  expect(factsOf(renamed)).toEqual([]);
});

test('settings are named, and compared one by one', () => {
  const changed = entry({ plugin_id: 'weather', details: { fields: ['api_key', 'units'], before: { units: 'metric' }, after: { units: 'imperial' } } });
  expect(subjectOf(changed)).toBe('weather: api_key, units');
  expect(differencesOf(changed)).toEqual([{ name: 'units', before: 'metric', after: 'imperial' }]);
});

test.each([
  [{ before: null, after: true }, [{ name: 'value', before: '–', after: 'true' }]],
  [{ name: 'Dashboard' }, []],
  [{}, []],
])('%j differs in %j', (details, expected) => expect(differencesOf(entry({ details }))).toEqual(expected));

test('a name that is not known is its words', () => expect(nameOf('key.added_again')).toBe('Key added again'));
