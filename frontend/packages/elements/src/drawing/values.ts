/** Single values as elements. */

import { externalLink, h, safeUrl, shortAddress } from '../dom.ts';
import { type Display, type Values, fieldOf, levelOf, own } from './display.ts';
import { momentOf, weatherOf, writeDistance, writeMoment, writeNumber } from './format.ts';

/** One scalar of a field: with its unit, its level and its link. */
export function drawField(record: Values, name: string, display: Display): HTMLElement {
  const value = fieldOf(record, name);
  const drawn = drawValue(value, own(display.units, name) ?? (WEATHER_FIELD.test(name) ? 'weather_code' : ''));
  const level = levelOf(value, own(display.thresholds, name));
  if (level) drawn.dataset.level = level;
  const target = own(display.links, name);
  return target ? externalLink(fieldOf(record, target), drawn) : drawn;
}

const WEATHER_FIELD = /^weather_?code$/i;

export function drawValue(value: unknown, unit = ''): HTMLElement {
  if (value === null || value === undefined || value === '') return h('span', { class: 'none' }, '–');
  if (typeof value === 'boolean') return h('span', {}, value ? 'Yes' : 'No');
  if (unit === 'weather_code') {
    const weather = weatherOf(value);
    if (weather) return h('span', { class: 'weather' }, h('span', { 'aria-hidden': 'true' }, weather.symbol), ` ${weather.words}`);
  }
  const at = momentOf(value, unit);
  if (at) return h('time', { datetime: at.toISOString(), title: String(value) }, writeMoment(value, at));
  if (typeof value === 'number') {
    const { text, unit: shown } = writeNumber(value, unit);
    return h('span', { class: 'number' }, text, shown && h('span', { class: 'unit' }, shown));
  }
  if (typeof value !== 'string') return h('code', {}, JSON.stringify(value));
  const href = safeUrl(value);
  return href ? externalLink(href, shortAddress(href)) : h('span', {}, value);
}

/** A moment as its distance from now, with the exact time on hover. */
export function ago(iso: string): HTMLElement {
  const at = momentOf(iso);
  if (!at) return h('span', {}, iso);
  const title = writeMoment(iso, at);
  return h('time', { datetime: iso, title, 'data-ago': true }, writeDistance((at.getTime() - Date.now()) / 1000));
}

/** Brings every distance below an element up to date. */
export function refreshAges(root: ParentNode): void {
  for (const time of root.querySelectorAll('time[data-ago]')) {
    const at = Date.parse(time.getAttribute('datetime') ?? '');
    time.textContent = writeDistance((at - Date.now()) / 1000);
  }
}
