/** Texts of providers: without the markup that some send in them, and no longer than there is room for. */

import { h } from '../dom.ts';
import { parseInert } from '../inert.ts';

const MAX_INLINE = 160;
/** Longer ones get a wider column of a table. */
const MAX_NARROW = 18;
/** Tags of HTML, which `List<T>` in a title is none of, and entities. */
const MARKUP = /<\/?(?:a|abbr|article|b|blockquote|br|center|code|dd|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i|iframe|img|li|ol|p|pre|q|s|script|section|small|span|strong|style|sub|sup|svg|table|tbody|td|th|thead|tr|tt|u|ul|video)\b[^<]*>|<!--|&(?:#\d+|#x[\da-f]+|[a-z]{2,8});/i;
/** Elements whose text is not for people. */
const HIDDEN = /<(script|style|template|noscript|iframe|svg)\b[\s\S]*?(?:<\/\1\s*>|$)/gi;
const OPENING = /<([a-z][a-z0-9]*)(?:"[^"]*"|'[^']*'|[^'"<>])*>/gi;
/** More than anybody reads in a card. */
const MAX_PARSED = 20_000;
const BREAKING = 'p, br, div, li, h1, h2, h3, h4, h5, h6, tr, blockquote, pre';

/** Text without the tags and entities that feeds send in it. */
export function textOf(text: string): string {
  if (!MARKUP.test(text)) return text;
  const parsed = parseInert(withoutAttributes(text.slice(0, MAX_PARSED)), 'text/html');
  for (const end of parsed.querySelectorAll(BREAKING)) end.append(' ');
  return parsed.body.textContent?.replace(/\s+/g, ' ').trim() ?? '';
}

/**
 * Markup without attributes and without what is hidden. A page's policy is enforced in a document that nobody sees, too,
 * and the browser would complain about each inline style in it.
 */
export const withoutAttributes = (markup: string): string => markup.replace(HIDDEN, ' ').replace(OPENING, '<$1>');

export const shortened = (text: string, length = 280): string => (text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text);

/** Text that takes a few lines at first; a button shows the rest of what is long. */
export function clamped(text: string, className = 'summary'): HTMLElement {
  if (text.length <= MAX_INLINE) return h('span', { class: text.length > MAX_NARROW ? `${className} long` : className }, text);
  return foldable(h('span', { class: 'clamped' }, text), `${className} long`);
}

/** A place of limited height; a button shows the rest where there is more than fits. */
export function foldable(shown: HTMLElement, className = 'folded'): HTMLElement {
  const button = h('button', { type: 'button', class: 'text-button', 'aria-expanded': 'false', onclick: toggle }, 'More');
  function toggle(): void {
    const isOpen = shown.classList.toggle('open');
    button.setAttribute('aria-expanded', String(isOpen));
    button.textContent = isOpen ? 'Less' : 'More';
  }
  const fit = (): void => void (button.hidden = !shown.classList.contains('open') && shown.scrollHeight <= shown.clientHeight + 1);
  if (typeof ResizeObserver !== 'undefined') new ResizeObserver(fit).observe(shown);
  return h(shown.localName === 'span' ? 'span' : 'div', { class: className }, shown, button);
}
