/** What is wider than its place. */

import { h } from '../dom.ts';

/** A place to scroll in; `data-more` says whether there is more to the right, which then fades out. */
export function scrolling(content: HTMLElement): HTMLElement {
  const place = h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table' }, content);
  const look = (): void => void (place.dataset.more = String(place.scrollLeft + place.clientWidth < place.scrollWidth - 2));
  place.addEventListener('scroll', look, { passive: true });
  if (typeof ResizeObserver !== 'undefined') new ResizeObserver(look).observe(place);
  return place;
}
