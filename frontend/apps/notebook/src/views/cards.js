/** Blocks side by side, as many columns as the window holds, each as high as it needs. */

import { h } from '../dom.js';

/**
 * Gives a block as many of the grid's one-pixel rows as it is high, so that no card stretches to its neighbour.
 *
 * @param {Element} block
 */
function fit(block) {
  if (!(block instanceof HTMLElement) || !block.parentElement) return;
  const gap = parseFloat(getComputedStyle(block.parentElement).columnGap) || 0;
  block.style.setProperty('grid-row-end', `span ${Math.ceil(block.getBoundingClientRect().height + gap)}`);
}

const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => fit(target)));

/**
 * @param {HTMLElement[]} blocks
 * @param {Record<string, any>} manifest
 */
export function drawCards(blocks, manifest) {
  const grid = h('div', { class: 'view-cards' }, blocks);
  const { min_column_width: width, gap } = manifest.layout ?? {};
  if (width) grid.style.setProperty('--column-width', width);
  if (gap) grid.style.setProperty('--gap', gap);
  sizes.disconnect();
  for (const block of blocks) sizes.observe(block);
  return grid;
}
