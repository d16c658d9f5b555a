import { expect, test } from 'vitest';

import { createClient } from '../src/index.ts';

/** A server that answers each path with its own JSON, and the queries that it got. */
function serve(answers: Record<string, unknown>, headers: Record<string, string> = {}) {
  const asked: string[] = [];
  const fetch = async (input: URL | RequestInfo): Promise<Response> => {
    const { pathname, search } = new URL(String(input));
    asked.push(search);
    return Response.json(answers[pathname.replace('/api/v1', '')], { headers });
  };
  return { client: createClient({ baseUrl: 'http://patchbay.test', workspace: 1, fetch }), asked };
}

test('a page of usage tells how many integrations there are', async () => {
  const { client, asked } = serve({ '/usage': { integrations: [] } }, { 'X-Pagination': '{"total": 37}' });
  const usage = await client.usage({ since: '7d', by: 'day', page: 2, pageSize: 10, orderBy: 'p95_ms', include: 'totals' });
  expect(usage).toEqual({ integrations: [], total: 37 });
  expect(Object.fromEntries(new URLSearchParams(asked[0]))).toEqual({
    workspace_id: '1', since: '7d', by: 'day', page: '2', page_size: '10', order_by: 'p95_ms', include: 'totals',
  });
});

test('a total is of one workspace, and alerts come from every page', async () => {
  const { client, asked } = serve({ '/usage/total': { calls: 3 }, '/alerts': [{ field: 'disk' }] }, { 'X-Pagination': '{"total_pages": 2}' });
  expect(await client.usageTotal({ since: '24h' })).toEqual({ calls: 3 });
  expect(asked).toEqual(['?workspace_id=1&since=24h']);
  expect(await client.alerts()).toHaveLength(2);
});

test('any route is asked for the place of the client', async () => {
  const { client, asked } = serve({ '/usage/latency': [{ calls: 3 }] });
  expect(await client.request('/usage/latency', { query: { include: 'slower' } })).toEqual([{ calls: 3 }]);
  expect(asked).toEqual(['?workspace_id=1&include=slower']);
});
