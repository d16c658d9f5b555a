/** Blocks one below the other, narrow enough to read. */

import { h } from '../dom.js';

/**
 * @param {HTMLElement[]} blocks
 * @param {Record<string, any>} manifest
 */
export function drawList(blocks, manifest) {
  const stack = h('ol', { class: 'view-list' }, blocks.map((block) => h('li', {}, block)));
  const { max_width: width, gap } = manifest.layout ?? {};
  if (width) stack.style.setProperty('--list-width', width);
  if (gap) stack.style.setProperty('--gap', gap);
  return stack;
}
