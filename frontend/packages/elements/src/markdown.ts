/** Markdown as elements that are safe to show: no script, no style, no form, and no request to anybody. */

import createPurifier from 'dompurify';
import { Marked } from 'marked';

import { externalLink, h, safeUrl } from './dom.ts';
import { scrolling } from './drawing/scrolling.ts';
import { withoutAttributes } from './drawing/text.ts';

const DATA_IMAGE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,/i;
const ALLOWED = {
  ALLOWED_TAGS: ['p', 'br', 'hr', 'strong', 'em', 'b', 'i', 'del', 's', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'a', 'img', 'sub', 'sup', 'kbd', 'details', 'summary', 'input'],
  ALLOWED_ATTR: ['href', 'src', 'alt', 'title', 'align', 'start', 'type', 'checked', 'disabled', 'open'],
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
} as const;

const purifier = createPurifier(window);
const marked = new Marked({ gfm: true, breaks: true, renderer: { html: ({ text }) => withoutAttributes(text) } });

/**
 * The elements of a text in GitHub Flavored Markdown. HTML in it loses its attributes, and all but harmless elements. Links open apart from the page; pictures
 * of other origins, which the policy of our pages does not load, become links with the picture's description.
 */
export async function renderMarkdown(text: string): Promise<DocumentFragment> {
  const html = await marked.parse(text);
  const fragment = purifier.sanitize(html, { ...ALLOWED, ALLOWED_TAGS: [...ALLOWED.ALLOWED_TAGS], ALLOWED_ATTR: [...ALLOWED.ALLOWED_ATTR] });
  for (const image of fragment.querySelectorAll('img')) replaceImage(image);
  for (const link of fragment.querySelectorAll('a')) replaceLink(link);
  for (const box of fragment.querySelectorAll('input')) replaceInput(box);
  for (const code of fragment.querySelectorAll('pre')) code.tabIndex = 0;
  for (const table of fragment.querySelectorAll('table')) wrapTable(table);
  return fragment;
}

function replaceImage(image: HTMLImageElement): void {
  const [source, description] = [image.getAttribute('src') ?? '', image.getAttribute('alt') || 'Picture'];
  if (DATA_IMAGE.test(source)) return;
  // A picture within a link stays its text.
  image.replaceWith(image.closest('a') ? description : externalLink(source, description));
}

function replaceLink(link: HTMLAnchorElement): void {
  const checked = externalLink(link.getAttribute('href'), null);
  checked.append(...link.childNodes);
  if (safeUrl(link.getAttribute('href'))) link.replaceWith(checked);
  else link.replaceWith(...checked.childNodes);
}

/** Of the inputs only the boxes of task lists are left, which nobody can tick. */
function replaceInput(box: HTMLInputElement): void {
  box.replaceWith(box.type === 'checkbox' ? h('input', { type: 'checkbox', disabled: true, checked: box.hasAttribute('checked'), 'aria-label': 'Task' }) : '');
}

function wrapTable(table: HTMLTableElement): void {
  const place = document.createComment('');
  table.replaceWith(place);
  place.replaceWith(scrolling(table));
}
