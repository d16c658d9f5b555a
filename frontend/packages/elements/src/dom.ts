/** Elements, made without HTML strings: text is always text, and an address is only followed when it is one. */

/** What is empty or false is left out. */
export type Child = Node | string | number | null | undefined | false | Child[];

/** An element with attributes, listeners (`onclick: f`) and children. `true` sets an empty attribute. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, unknown> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  setAll(element, attributes);
  append(element, children);
  return element;
}

export function svg(tag: string, attributes: Record<string, unknown> = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag) as SVGElement;
  setAll(element, attributes);
  append(element, children);
  return element;
}

function setAll(element: Element, attributes: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) element.append(String(child));
  }
}

/** The address, normalised, when it is an absolute http or https one without credentials; else null. */
export function safeUrl(address: unknown): string | null {
  if (typeof address !== 'string') return null;
  try {
    const url = new URL(address.trim());
    const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
    return isWeb && !url.username && !url.password ? url.href : null;
  } catch {
    return null;
  }
}

/** A link to somebody else's page; only its text when the address is not one to follow. */
export function externalLink(address: unknown, text: Child): HTMLElement {
  const href = safeUrl(address);
  if (!href) return h('span', {}, text);
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer' }, text);
}

/** An address without what every address has. */
export function shortAddress(href: string): string {
  const url = new URL(href);
  const short = url.host.replace(/^www\./, '') + (url.pathname === '/' ? '' : url.pathname);
  return short.length > 60 ? `${short.slice(0, 59)}…` : short;
}

const ABBREVIATIONS = /\b(api|cpu|dns|eta|gpu|http|id|io|ip|lan|os|ram|ssl|tls|url|vm|vpn|wan|wlan)\b/g;

/** `default_location` as people write it: `Default location`. */
export function humanized(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/[_\-.]+/g, ' ').trim();
  const written = words.replace(ABBREVIATIONS, (word) => word.toUpperCase());
  return written.charAt(0).toUpperCase() + written.slice(1);
}

/** Text in which what stands between backticks is set as code. */
export const withCode = (text: string): Child =>
  text.split('`').map((part, index) => (index % 2 === 1 ? h('code', {}, part) : part));
