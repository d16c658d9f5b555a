/** Elements, made without HTML strings: text is always text, and an address is only followed when it is one. */

/** @typedef {Node | string | number | null | undefined | false | any[]} Child What is empty or false is left out. */

/**
 * An element with attributes, listeners (`onclick: f`) and children.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [attributes] `true` sets an empty attribute; null, undefined and false leave it out.
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

/**
 * @param {Element} element
 * @param {Child[]} children
 */
function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) element.append(String(child));
  }
}

/**
 * The address, normalised, when it is an absolute http or https one without credentials; else null.
 *
 * @param {unknown} address
 * @returns {string | null}
 */
export function safeUrl(address) {
  if (typeof address !== 'string') return null;
  try {
    const url = new URL(address.trim());
    const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
    return isWeb && !url.username && !url.password ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * A link to somebody else's page; only its text when the address is not one to follow.
 *
 * @param {unknown} address
 * @param {string} text
 * @returns {HTMLElement}
 */
export function externalLink(address, text) {
  const href = safeUrl(address);
  if (!href) return h('span', {}, text);
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer' }, text);
}

/**
 * @param {string} name One of the symbols in the page.
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(namespace, 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * A button that shows a picture and says its label to those who do not see it.
 *
 * @param {string} picture
 * @param {string} label
 * @param {() => void} onclick
 */
export function iconButton(picture, label, onclick) {
  return h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick }, icon(picture));
}

/**
 * `default_location` as people write it: `Default location`.
 *
 * @param {string} name
 */
export function humanized(name) {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/[_\-.]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Text in which what stands between backticks is set as code.
 *
 * @param {string} text
 * @returns {Child}
 */
export const withCode = (text) =>
  text.split('`').map((part, index) => (index % 2 === 1 ? h('code', {}, part) : part));

/** @param {string} tagId @returns {HTMLElement} The element of the page with that id. */
export function byId(tagId) {
  const element = document.getElementById(tagId);
  if (!element) throw new Error(`The page lacks #${tagId}.`);
  return element;
}
