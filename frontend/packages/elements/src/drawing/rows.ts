/** Long lists: the first entries, and a button for the rest. */

import { h } from '../dom.ts';

const MAX_ROWS = 200;


/** Draws at most `limit` entries into `place`, and the rest of them once a person asks for it. */
export function fillRows<Entry>(place: HTMLElement, entries: readonly Entry[], limit: number, draw: (entry: Entry) => Node | Node[]): HTMLElement | null {
  const add = (some: readonly Entry[]): void => place.append(...some.flatMap(draw));
  add(entries.slice(0, limit));
  const left = entries.length - limit;
  if (left <= 0) return null;
  const button = h('button', { type: 'button', class: 'text-button', onclick: showRest }, `Show ${left} more`);
  function showRest(): void {
    add(entries.slice(limit, MAX_ROWS));
    if (entries.length > MAX_ROWS) button.replaceWith(`and ${entries.length - MAX_ROWS} more`);
    else button.remove();
  }
  return h('p', { class: 'more' }, button);
}
