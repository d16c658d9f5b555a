/** A block's inputs as attributes of an element. */

import type { Block, Inputs } from '@patchbay/client';

/** Attributes that mean something else. */
const RESERVED = new Set([
  'integration', 'block', 'inputs', 'display', 'heading', 'theme', 'bare',
  'id', 'class', 'style', 'part', 'slot', 'hidden', 'title', 'lang', 'dir', 'role', 'tabindex', 'is', 'inert', 'nonce',
]);
const FOREIGN = /^(?:data-|aria-|on|v-|ng-|x-|_)|[:@.#]/;

const plain = (name: string): string => name.toLowerCase().replaceAll('-', '_');

/** The attributes of an element that are inputs. */
export const inputAttributes = (element: Element): Attr[] =>
  [...element.attributes].filter(({ name }) => !RESERVED.has(name) && !FOREIGN.test(name));

/**
 * The inputs that attributes give: under their declared names, which HTML does not tell apart in upper and lower case,
 * and of their declared types. What is not declared stays as it is, for the server to refuse by name.
 */
export function inputsOfAttributes(attributes: readonly Pick<Attr, 'name' | 'value'>[], block: Pick<Block, 'inputs'> | undefined): Inputs {
  const declared = new Map((block?.inputs ?? []).map((input) => [plain(input.name), input]));
  return Object.fromEntries(attributes.map(({ name, value }) => {
    const input = declared.get(plain(name));
    return [input?.name ?? name, typed(value, input?.type ?? null)];
  }));
}

function typed(text: string, type: string | null): unknown {
  if ((type === 'number' || type === 'integer') && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (type === 'boolean') return ({ '': true, true: true, false: false } as Record<string, unknown>)[text] ?? text;
  return type === 'object' || type === 'array' || type === 'multiselect' ? (parsed(text) ?? text) : text;
}

/** JSON from an attribute; undefined when it is none. */
export function parsed(text: string | null): any {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
