/** Text that is written in Markdown: readable as it is at once, and drawn when what draws it is loaded. */

import { h } from '../dom.ts';
import { foldable, shortened } from './text.ts';

export function drawMarkdown(text: string): HTMLElement {
  const place = h('div', { class: 'markdown', part: 'markdown' }, h('p', { class: 'plain' }, shortened(text, 600)));
  // A page whose network fails keeps the text.
  import('../markdown.ts').then(async ({ renderMarkdown }) => place.replaceChildren(await renderMarkdown(text))).catch(() => {});
  return foldable(place);
}
