/** Which operations of the API are shown for what a person looks for. */

import type { Mapped } from 'swagger-ui-dist/swagger-ui-es-bundle.js';

/** Whether a text holds all words, in any order. */
export function holdsWords(text: string, phrase: string): boolean {
  const lower = text.toLowerCase();
  return phrase.toLowerCase().split(/\s+/).every((word) => lower.includes(word));
}

/** The groups with the operations whose method, path or summary match; groups without any are left out. */
export const findOperations = (groups: Mapped, phrase: string): Mapped =>
  groups
    .map((group: Mapped) => group.set('operations', group.get('operations').filter((operation: Mapped) => holdsWords(textOf(operation), phrase))))
    .filter((group: Mapped) => group.get('operations').size > 0);

const textOf = (operation: Mapped): string =>
  [operation.get('method'), operation.get('path'), operation.get('operation').get('summary') ?? ''].join(' ');
