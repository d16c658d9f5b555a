/** The mark of a service: its icon, loaded when it comes into view, or its initials. */

import { h, svg } from './dom.ts';
import { parseInert } from './inert.ts';

/** `si:github` of Simple Icons, `lucide:cloud-sun` of Lucide. */
const ICON = /^(si|lucide):([a-z0-9_-]{1,64})$/;
const PICTOGRAPH = /^\p{Extended_Pictographic}[\p{Extended_Pictographic}\p{Emoji_Modifier}\u200d\ufe0f]*$/u;
const SHAPES = new Set(['path', 'circle', 'ellipse', 'rect', 'line', 'polyline', 'polygon']);
/** What says where a shape is. Nothing among these refers to anything or runs. */
const GEOMETRY = ['d', 'points', 'cx', 'cy', 'r', 'rx', 'ry', 'x', 'y', 'x1', 'y1', 'x2', 'y2', 'width', 'height'];

const STYLE = `
:host { display: inline-grid; place-items: center; flex: none; width: var(--patchbay-mark-size, 1.25rem); height: var(--patchbay-mark-size, 1.25rem); border-radius: 28%; overflow: hidden; user-select: none; }
:host([data-mark="initials"]) { color: #fff; background: oklch(0.5 0.1 var(--hue)); font: 650 calc(var(--patchbay-mark-size, 1.25rem) * 0.44)/1 var(--patchbay-font, system-ui, sans-serif); letter-spacing: -0.02em; }
:host([data-mark="pictograph"]) { font-size: calc(var(--patchbay-mark-size, 1.25rem) * 0.85); line-height: 1; }
svg { width: 100%; height: 100%; fill: currentcolor; }
svg.stroked { fill: none; stroke: currentcolor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; }
`;

/**
 * An element of one text line's height that stands for a service. Whatever `icon` is, something is shown; nothing is
 * loaded before the element is in view. It is decoration: the name has to stand beside it.
 */
export function serviceMark(icon: string | null | undefined, name: string, baseUrl: string): HTMLElement {
  const mark = h('span', { 'aria-hidden': 'true' });
  mark.attachShadow({ mode: 'open' }).adoptedStyleSheets = [styleSheet()];
  const address = addressOf(icon, baseUrl);
  if (address) whenInView(mark, () => void showIcon(mark, address, name));
  else if (icon && PICTOGRAPH.test(icon)) show(mark, 'pictograph', icon);
  else showInitials(mark, name);
  return mark;
}

/** Where an icon is served; null for what names none. */
export function addressOf(icon: string | null | undefined, baseUrl: string): string | null {
  const [, set, name] = ICON.exec(icon ?? '') ?? [];
  return set ? `${baseUrl.replace(/\/+$/, '')}/static/icons/${set}/${name}.svg` : null;
}

/** The first letters of the first two words: `OW` for `Open Weather map`, `G` for `GitHub`. */
export function initialsOf(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  return words.slice(0, 2).map((word) => [...word][0]?.toLocaleUpperCase() ?? '').join('') || '?';
}

/** A colour for a name, in degrees; always the same one. */
export function hueOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return hash;
}

function show(mark: HTMLElement, kind: string, drawn: Node | string): void {
  mark.dataset.mark = kind;
  mark.shadowRoot?.replaceChildren(drawn);
}

function showInitials(mark: HTMLElement, name: string): void {
  mark.style.setProperty('--hue', String(hueOf(name)));
  show(mark, 'initials', initialsOf(name));
}

async function showIcon(mark: HTMLElement, address: string, name: string): Promise<void> {
  const drawn = await loadIcon(address);
  if (drawn) show(mark, 'icon', drawn.cloneNode(true));
  else showInitials(mark, name);
}

const loaded = new Map<string, Promise<SVGElement | null>>();

/** The icon, asked for once; null where there is none, or it cannot be read. */
function loadIcon(address: string): Promise<SVGElement | null> {
  const known = loaded.get(address) ?? fetchIcon(address);
  loaded.set(address, known);
  return known;
}

async function fetchIcon(address: string): Promise<SVGElement | null> {
  try {
    const response = await fetch(address, { credentials: 'omit' });
    return response.ok ? iconOf(await response.text()) : null;
  } catch {
    // Another mark may find the network back.
    loaded.delete(address);
    return null;
  }
}

/** The shapes of an SVG document, drawn anew in the colour of the text; null where it has none. */
export function iconOf(document: string): SVGElement | null {
  const root = parseInert(document, 'image/svg+xml').documentElement;
  const shapes = [...root.querySelectorAll('*')].filter(({ localName }) => SHAPES.has(localName));
  if (shapes.length === 0) return null;
  const drawn = shapes.map((shape) => svg(shape.localName, Object.fromEntries(GEOMETRY.map((name) => [name, shape.getAttribute(name)]))));
  return svg('svg', { viewBox: root.getAttribute('viewBox') ?? '0 0 24 24', class: root.hasAttribute('stroke') ? 'stroked' : '' }, drawn);
}

const pending = new WeakMap<Element, () => void>();
let observer: IntersectionObserver | null = null;

function whenInView(element: Element, then: () => void): void {
  if (typeof IntersectionObserver === 'undefined') return then();
  observer ??= new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) comeIntoView(target);
  });
  pending.set(element, then);
  observer.observe(element);
}

function comeIntoView(element: Element): void {
  observer?.unobserve(element);
  pending.get(element)?.();
  pending.delete(element);
}

let sheet: CSSStyleSheet | null = null;
function styleSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
  }
  return sheet;
}
