/** Single values as people read them: numbers, moments, addresses, yes and no. */

import { externalLink, h, safeUrl } from '../dom.js';

const numbers = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const days = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' });
const datedDays = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'long' });

const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;
const ISO_MOMENT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;

/** Coarsest first: how many seconds each unit has. @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/**
 * `5 minutes ago`, for a distance in seconds (negative is past).
 *
 * @param {number} seconds
 */
export function distance(seconds) {
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  if (unit === 'second' && Math.abs(seconds) < 45) return 'just now';
  return relative.format(Math.round(seconds / Number(size)), /** @type {Intl.RelativeTimeFormatUnit} */ (unit));
}

/**
 * A moment with its age as text and the exact time on hover.
 *
 * @param {string} iso
 */
export function ago(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return h('span', {}, iso);
  const seconds = (at.getTime() - Date.now()) / 1000;
  return h('time', { datetime: iso, title: moments.format(at), 'data-ago': true }, distance(seconds));
}

/**
 * Brings every age below an element up to date.
 *
 * @param {ParentNode} root
 */
export function refreshAges(root) {
  for (const time of root.querySelectorAll('time[data-ago]')) {
    const at = Date.parse(time.getAttribute('datetime') ?? '');
    time.textContent = distance((at - Date.now()) / 1000);
  }
}

/** @param {string} text */
function drawnText(text) {
  const at = new Date(text);
  if (ISO_DAY.test(text) && !Number.isNaN(at.getTime())) {
    const isThisYear = at.getUTCFullYear() === new Date().getUTCFullYear();
    return h('time', { datetime: text, title: text }, (isThisYear ? days : datedDays).format(at));
  }
  if (ISO_MOMENT.test(text) && !Number.isNaN(at.getTime())) {
    return h('time', { datetime: text }, moments.format(at));
  }
  const href = safeUrl(text);
  return href ? externalLink(href, shortAddress(href)) : h('span', {}, text);
}

/** @param {string} href An address without what every address has. */
export function shortAddress(href) {
  const url = new URL(href);
  const path = url.pathname === '/' ? '' : url.pathname;
  const short = url.host.replace(/^www\./, '') + path;
  return short.length > 60 ? `${short.slice(0, 59)}…` : short;
}

/**
 * One scalar. A number keeps its unit beside it; seconds since 1970, told by the unit `epoch`, are a moment.
 *
 * @param {unknown} value
 * @param {string} [unit]
 * @returns {HTMLElement}
 */
export function drawnValue(value, unit = '') {
  if (value === null || value === undefined || value === '') return h('span', { class: 'none' }, '–');
  if (typeof value === 'boolean') return h('span', {}, value ? 'Yes' : 'No');
  if (unit === 'epoch') {
    const at = new Date(Number(value) * 1000);
    if (!Number.isNaN(at.getTime())) return h('time', { datetime: at.toISOString() }, moments.format(at));
  }
  if (typeof value === 'number') {
    return h('span', { class: 'number' }, numbers.format(value), unit && h('span', { class: 'unit' }, /^[°%′″]/.test(unit) ? unit : ` ${unit}`));
  }
  if (typeof value === 'string') return drawnText(value);
  return h('code', {}, JSON.stringify(value));
}

/** @param {unknown} value */
export const isScalar = (value) => value === null || typeof value !== 'object';

/** @param {unknown} value @returns {value is Record<string, any>} */
export const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
