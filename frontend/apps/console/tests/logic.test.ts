import type { Artifact, ConnectRequest, IntegrationSummary, Latency, Linted, PluginState, Token } from '@patchbay/client';
import { describe, expect, it } from 'vitest';

import { writeBytes, writeMilliseconds, writePercent } from '../src/format.ts';
import { freshnessOf } from '../src/parts/freshness.ts';
import { levelOfBudget } from '../src/parts/budget.ts';
import { placeOf, queryOf } from '../src/place.ts';
import { declarationOf, idOf } from '../src/pages/adding/declaring.ts';
import { inheritanceOf } from '../src/pages/integrations/inheriting.ts';
import { standingOf } from '../src/pages/integrations/standing.ts';
import { type Draft, draftOf, draftOfRequest, missingIn, termsOf, writeReach } from '../src/pages/frontends/terms.ts';
import { findTasks, taskOfMore, tasksOfAlerts, tasksOfLatencies, tasksOfRequests } from '../src/pages/overview/tasks.ts';
import { writePace, writeSlowerSince } from '../src/latency.ts';
import { chartOfDurations } from '../src/pages/usage/charts.ts';
import { type UsageRow, timelineOf } from '../src/pages/usage/sums.ts';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const integration = (more: Partial<IntegrationSummary> = {}): IntegrationSummary =>
  ({ id: 'svc', name: 'Service', icon: null, description: null, enabled: true, review: null, missing: [], unreadable: [], ...more }) as IntegrationSummary;
const usage = (more: Partial<UsageRow> = {}): UsageRow =>
  ({ integration_id: 'svc', name: 'Service', icon: null, renders: 0, hits: 0, stale: 0, calls: 0, errors: 0, bytes: 0, p50_ms: null, p95_ms: null, budget: [], rests: [], periods: [], ...more }) as unknown as UsageRow;

describe('a place in the address', () => {
  it.each([[{}, {}], [{ workspace_id: '2' }, { workspace_id: '2' }], [{ workspace_id: 'x', notebook_id: '3' }, { notebook_id: '3' }], [{ notebook_id: '-1' }, {}]])('%j stays %j', (given, kept) => {
    expect(queryOf(placeOf(given))).toEqual(kept);
  });
});

describe('what an integration waits for', () => {
  it('is nothing while it is off, except a review', () => {
    const review = { reason: 'r', old: [], new: [] };
    expect(standingOf(integration({ enabled: false, missing: ['key'], unreadable: ['key'] })).needs).toEqual([]);
    expect(standingOf(integration({ enabled: false, review })).needs).toEqual(['review']);
  });
});

describe('what needs a hand', () => {
  it('is nothing when all is well', () => {
    expect(findTasks([integration()], [usage({ calls: 9, errors: 1 })], 0, NOW)).toEqual([]);
  });
  it('names what is worst first', () => {
    const tasks = findTasks([integration({ missing: ['api_key'] })], [usage({ calls: 4, errors: 4 })], 0, NOW);
    expect(tasks.map(({ level, to }) => [level, to])).toEqual([['bad', 'calls'], ['warn', 'integration']]);
  });
  it('says that the schedule is behind', () => {
    expect(findTasks([], [], 1, NOW)[0]?.text).toContain('1 fetch ');
  });
  it('counts what is not shown one by one', () => {
    expect([taskOfMore(0, 'usage'), taskOfMore(-7, 'integrations')]).toEqual([null, null]);
    expect(taskOfMore(80, 'usage')).toMatchObject({ to: 'usage', of: null, title: '80 more integrations fail, rest or have spent their budget' });
    expect(taskOfMore(1, 'integrations')?.title).toBe('1 more integration waits for a setting or a review');
  });
});

describe('the freshness of an answer', () => {
  const artifact = { fetched_at: '2026-03-02T11:59:00Z', expires_at: '2026-03-02T12:01:00Z', stale_until: '2026-03-02T12:05:00Z' } as Artifact;
  it.each([[0, 'fresh', 0.5], [61_000, 'stale', 0.99], [400_000, 'kept', 0]])('after %i ms is %s', (later, state, left) => {
    const found = freshnessOf(artifact, NOW + Number(later));
    expect(found.state).toBe(state);
    expect(found.left).toBeCloseTo(Number(left), 1);
  });
});

describe('an inherited setting', () => {
  const state = (config: object): PluginState => ({ config }) as PluginState;
  it('comes from the workspace, else from the default', () => {
    const layers = { own: state({}), ofWorkspace: state({ unit: 'F' }), isNotebook: true };
    expect(inheritanceOf({ name: 'unit', default: 'C' }, layers)).toEqual({ isOwn: false, own: undefined, inherited: 'F', from: 'workspace' });
    expect(inheritanceOf({ name: 'unit', default: 'C' }, { ...layers, isNotebook: false }).from).toBe('default');
    expect(inheritanceOf({ name: 'other' }, layers).from).toBeNull();
  });
  it('is shadowed by false and by zero, too', () => {
    const layers = { own: state({ on: false }), ofWorkspace: state({ on: true }), isNotebook: true };
    expect(inheritanceOf({ name: 'on' }, layers)).toMatchObject({ isOwn: true, own: false, inherited: true });
  });
});

describe('usage over time', () => {
  it('has every period of its span', () => {
    const period = { ...usage({ calls: 3, errors: 1, p50_ms: 10, p95_ms: 90 }), from: '2026-03-02T11:00:00.000Z' };
    const span = { from: '2026-03-02T10:00:00Z', to: '2026-03-02T12:00:00Z', by: 'hour', periods: [period] };
    expect(timelineOf(span)).toMatchObject({ succeeded: [0, 2], errors: [0, 1], p50: [null, 10], p95: [null, 90] });
  });
  it.each([[{ used: 1, limit: 10, left: 9 }, 'good'], [{ used: 8, limit: 10, left: 2 }, 'warn'], [{ used: 10, limit: 10, left: 0 }, 'bad']])('%j is %s', (window, level) => {
    expect(levelOfBudget(window)).toBe(level);
  });
});

describe('how long calls take', () => {
  const pace = (p50_ms: number, p95_ms: number) => ({ p50_ms, p95_ms });
  const latency = (more: Partial<Latency>): Latency => ({ integration_id: 'svc', name: 'Service', icon: null, enabled: true, slower_since: null, calls: 0, now: null, usual: null, ...more });
  const slow = latency({ slower_since: new Date(2026, 2, 2, 14).toISOString(), calls: 9, now: pace(900, 2100), usual: pace(80, 150) });
  it('is said beside what is usual', () => {
    expect(writePace(slow)).toBe('Half of the calls take up to 900 ms (usually 80 ms), and 95 % up to 2.1 s (usually 150 ms).');
    expect(writePace(latency({ now: pace(1, 2) }))).toContain('too rarely');
    expect(writePace(latency({ usual: pace(1, 2) }))).toContain('Usually half');
    expect(writePace(latency({}))).toContain('not called');
  });
  it('is slower since an hour, and of another day since its date', () => {
    const [today, tomorrow] = [new Date(2026, 2, 2, 16).getTime(), new Date(2026, 2, 3, 2).getTime()];
    expect(writeSlowerSince(slow.slower_since ?? '', today)).toMatch(/^Slower since (14:00|02:00 PM)$/);
    expect(writeSlowerSince(slow.slower_since ?? '', tomorrow)).toMatch(/^Slower since .*2.*, (14:00|02:00 PM)$/);
    expect(tasksOfLatencies([slow, latency({})], today)).toMatchObject([{ of: { id: 'svc', name: 'Service' }, to: 'usage' }]);
  });
  it('is drawn with what is usual, and marked where it began', () => {
    const at = [0, 1, 2, 3].map((hour) => Date.parse(slow.slower_since ?? '') / 1000 + (hour - 2) * 3600);
    const timeline = { at, succeeded: [], errors: [], p50: [80, 80, 900, 900], p95: [150, 150, 2100, 2100] };
    const chart = chartOfDurations(timeline, false, slow);
    expect(chart.series.map(({ isUsual, values }) => [Boolean(isUsual), values[0]])).toEqual([[false, 80], [false, 150], [true, 80], [true, 150]]);
    expect(chart.mark?.at).toBe(at[2]);
    expect(chartOfDurations(timeline, true, slow).mark).toBeUndefined();
    expect(chartOfDurations(timeline, false, null).series).toHaveLength(2);
  });
});

describe('a declaration', () => {
  const linted = (more: Partial<Linted>): Linted => ({ findings: [], kind: 'manifest', value: {}, ...more });
  it('needs a text without errors, and a name where the text is a manifest alone', () => {
    const naming = { id: ' svc ', name: 'S', version: '1.0.0' };
    expect(declarationOf(linted({ value: null }), naming)).toBeNull();
    expect(declarationOf(linted({}), { ...naming, id: ' ' })).toBeNull();
    expect(declarationOf(linted({}), naming)).toMatchObject({ id: 'svc', type: 'integration', manifest: {} });
    expect(declarationOf(linted({ kind: 'registration', value: { id: 'x' } }), naming)).toEqual({ id: 'x' });
  });
  it.each([['Pet Store.yaml', 'pet-store'], ['Ünïcode API v2.json', 'unicode-api-v2'], ['---', '']])('%s is named %s', (file, id) => {
    expect(idOf(file)).toBe(id);
  });
});

describe('numbers', () => {
  it('are written as people read them', () => {
    expect([0, 999, 1500, 2_000_000].map(writeBytes)).toEqual(['0 B', '999 B', '1.5 kB', '2 MB']);
    expect([null, 0.4, 84.6, 1400].map(writeMilliseconds)).toEqual(['–', '0 ms', '85 ms', '1.4 s']);
    expect(writePercent(0, 0)).toBe('–');
  });
});

describe('numbers past a threshold', () => {
  it('are tasks that lead to their integration', () => {
    const since = '2026-01-01T10:00:00Z';
    const alert = { integration_id: 'ups', name: 'Power', icon: 'lucide:plug', block_type: 'status', notebook_id: null, parameters: {}, field: 'charge', unit: '%', value: 12, level: 'bad', since, at: since } as const;
    const [task] = tasksOfAlerts([alert], Date.parse('2026-01-01T12:00:00Z'));
    expect(task).toMatchObject({ level: 'bad', of: { id: 'ups', name: 'Power', icon: 'lucide:plug' }, title: 'status: charge is 12 %', to: 'playground' });
    expect(task?.text).toContain('2 hours ago');
  });
});

describe('what a token allows', () => {
  const token = { name: 'Hall', scopes: ['render'], workspaces: null, notebooks: null, integrations: null, origins: [], expires_at: null } as unknown as Token;
  const draft = (more: Partial<Draft>): Draft => ({ ...draftOf(token), ...more });
  it('is sent as it was when nothing is changed', () => {
    for (const change of [{}, { workspaces: [1] }, { workspaces: [1], notebooks: [4] }, { integrations: ['a', 'b'] }, { origins: ['https://a.test', 'https://b.test'] }, { expires_at: '2030-05-06T07:08:09.000Z' }]) {
      const given = { ...token, ...change };
      const { workspaces, ...sent } = termsOf(draftOf(given), NOW, given.expires_at);
      const { workspaces: had, ...kept } = given;
      expect(sent).toEqual(kept);
      // The workspaces of notebooks follow from them.
      expect(workspaces).toEqual(given.notebooks ? null : had);
    }
  });
  it('has no end because the request for it expires', () => {
    const request = { ...token, user_code: 'WDJB-MJHT', expires_at: '2026-03-02T12:10:00.000Z' } as unknown as ConnectRequest;
    expect(termsOf(draftOfRequest(request), NOW).expires_at).toBeNull();
  });
  it('is read from a form', () => {
    const terms = termsOf(draft({ name: ' Attic ', isAllIntegrations: false, integrations: ['a'], others: 'b, a c', origins: 'https://a.test\n https://b.test ', ends: '30' }), NOW);
    expect(terms).toMatchObject({ name: 'Attic', integrations: ['a', 'b', 'c'], origins: ['https://a.test', 'https://b.test'], expires_at: '2026-04-01T12:00:00.000Z' });
    expect(new Date(termsOf(draft({ ends: 'date', lastDay: '2030-01-02' }), NOW).expires_at ?? '').getDate()).toBe(2);
  });
  it.each([[{}, null], [{ name: ' ' }, 'name'], [{ scopes: [] }, 'may do'], [{ where: 'workspaces' }, 'workspaces'], [{ where: 'notebooks' }, 'notebooks'], [{ isAllIntegrations: false }, 'integrations'], [{ ends: 'date' }, 'day']] as [Partial<Draft>, string | null][])('says what is missing: %j', (change, word) => {
    const missing = missingIn(draft(change));
    if (word === null) expect(missing).toBeNull();
    else expect(missing).toContain(word);
  });
  it('is said in words', () => {
    const places = { workspaces: [{ id: 1, name: 'Home' }], notebooks: [{ id: 4, name: 'Attic' }] } as unknown as Parameters<typeof writeReach>[1];
    expect(writeReach({ workspaces: null, integrations: null }, places)).toBe('All integrations in all workspaces');
    expect(writeReach({ workspaces: [1, 9], integrations: ['a', 'b'] }, places)).toBe('a, b in Home, 9 (deleted)');
    expect(writeReach({ workspaces: [1], notebooks: [4], integrations: null }, places)).toBe('All integrations in the notebook Attic');
  });
  it('is a task while a frontend waits for it', () => {
    const request = { name: 'Dashboard', origin: 'https://dash.test', user_code: 'WDJB-MJHT' } as ConnectRequest;
    expect(tasksOfRequests([])).toEqual([]);
    expect(tasksOfRequests([request, { ...request, origin: null }])).toMatchObject([{ to: 'frontends', title: '2 frontends ask for a token', text: 'Dashboard (https://dash.test), Dashboard (a program)' }]);
  });
});
