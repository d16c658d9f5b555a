/** The history of numbers: calls of one tick are one request for each span. */

import { PatchbayError } from './errors.ts';
import { type Open, readJson } from './http.ts';
import type { HistoryOptions, Inputs, Series } from './types.ts';

/** What the server takes in one batch. */
const MAX_BLOCKS = 200;

interface Waiting {
  asked: object;
  span: string;
  resolve: (series: Series[]) => void;
  reject: (error: unknown) => void;
}

export function createHistories(open: Open) {
  let waiting: Waiting[] = [];

  const flush = (): void => {
    const calls = waiting;
    waiting = [];
    for (const span of new Set(calls.map((call) => call.span))) {
      const alike = calls.filter((call) => call.span === span);
      for (let at = 0; at < alike.length; at += MAX_BLOCKS) void settle(alike.slice(at, at + MAX_BLOCKS), JSON.parse(span));
    }
  };

  const settle = async (calls: Waiting[], span: object): Promise<void> => {
    try {
      const blocks = calls.map(({ asked }, index) => ({ key: String(index), ...asked }));
      const { histories } = await readJson(await open('/history', { method: 'POST', body: { ...span, blocks } }));
      calls.forEach(({ resolve, reject }, index) => {
        const { series, ...problem } = histories[index];
        if (series) resolve(series);
        else reject(new PatchbayError({ ...problem, problem }));
      });
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  };

  return (integration: string, block: string, inputs: Inputs = {}, { since, points }: HistoryOptions = {}) =>
    new Promise<Series[]>((resolve, reject) => {
      if (waiting.length === 0) setTimeout(flush);
      const asked = { integration_id: integration, block_type: block, parameters: inputs };
      waiting.push({ asked, span: JSON.stringify({ since, points }), resolve, reject });
    });
}
