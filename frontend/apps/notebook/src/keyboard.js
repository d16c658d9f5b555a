/** Moving among blocks by keyboard: j and k while the focus is on one of them, r fetches it again. */

import { h } from './dom.js';

/**
 * @param {HTMLElement} container
 * @param {(element: HTMLElement) => void} refresh
 */
export function listenToKeys(container, refresh) {
  container.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof HTMLElement)) return;
    const blocks = /** @type {HTMLElement[]} */ ([...container.querySelectorAll('.block')]);
    const current = /** @type {HTMLElement | null} */ (event.target.closest('.block'));
    if (!current) return;
    const at = blocks.indexOf(current);
    if (event.key === 'j') blocks[Math.min(at + 1, blocks.length - 1)].focus();
    else if (event.key === 'k') blocks[Math.max(at - 1, 0)].focus();
    else if (event.key === 'r') refresh(current);
  });
}

/** The words that tell of these keys. */
export const keyHint = () =>
  h('p', { class: 'hint' }, h('kbd', {}, 'j'), ' ', h('kbd', {}, 'k'), ' move between blocks, ', h('kbd', {}, 'r'), ' fetches one again.');
