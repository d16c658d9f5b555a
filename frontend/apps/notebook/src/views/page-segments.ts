/** A page in Markdown as a row of texts and blocks. A block is fenced code whose language is `integration/block`. */

import type { Inputs } from '@patchbay/client';
import { type Tokens, marked } from 'marked';
import { parse } from 'yaml';

export type Segment =
  | { kind: 'text'; markdown: string }
  | { kind: 'block'; integration: string; block: string; inputs: Inputs; title?: string }
  | { kind: 'problem'; source: string; problem: string };

type Token = Tokens.Code | { type: Exclude<string, 'code'>; raw: string; lang?: undefined; text: string };

const BLOCK = /^([a-z0-9][a-z0-9._-]*)\/([\w.-]+)(?:\s+(.+))?$/i;

export function segmentsOf(markdown: string): Segment[] {
  const segments: Segment[] = [];
  for (const token of marked.lexer(markdown) as Token[]) {
    const [, integration, block, title] = (token.type === 'code' && BLOCK.exec(token.lang ?? '')) || [];
    const last = segments.at(-1);
    if (integration && block) segments.push(blockOf(token.text, { integration, block, title }));
    else if (last?.kind === 'text') last.markdown += token.raw;
    else segments.push({ kind: 'text', markdown: token.raw });
  }
  return segments;
}

/** The block that a fence stands for; a problem when its inputs are no YAML of names and values. */
function blockOf(source: string, { integration, block, title }: { integration: string; block: string; title: string | undefined }): Segment {
  try {
    const inputs: unknown = parse(source, { maxAliasCount: 0 }) ?? {};
    if (typeof inputs === 'object' && !Array.isArray(inputs)) {
      return { kind: 'block', integration, block, inputs: inputs as Inputs, ...(title && { title }) };
    }
    return { kind: 'problem', source, problem: 'The inputs must be names and values, such as "days: 7".' };
  } catch (error) {
    return { kind: 'problem', source, problem: `The inputs are not YAML: ${error instanceof Error ? error.message.split('\n')[0] : ''}` };
  }
}

/** The fence of a block, to be put into a page. */
export function fenceOf(integration: string, block: string, inputs: Inputs): string {
  const lines = Object.entries(inputs).map(([name, value]) => `${/^[\w-]+$/.test(name) ? name : JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return ['', `\`\`\`${integration}/${block}`, ...lines, '```', ''].join('\n');
}
