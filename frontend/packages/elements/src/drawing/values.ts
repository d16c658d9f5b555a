/** Single values as elements. */

import { type Child, externalLink, h, humanized, safeUrl, shortAddress } from '../dom.ts';
import { icon } from '../icons.ts';
import { type Display, type Level, type Values, fieldOf, levelOf, own } from './display.ts';
import { isDay, momentOf, weatherOf, writeDistance, writeMoment, writeNumber, writeTime } from './format.ts';
import { isStatusWord, levelOfStatus } from './levels.ts';
import { clamped, textOf } from './text.ts';
import { unitOf } from './units.ts';

/** One scalar of a field: with its unit, its level and its link. */
export function drawField(record: Values, name: string, display: Display): HTMLElement {
  const value = fieldOf(record, name);
  const level = levelOf(value, own(display.thresholds, name));
  const drawn = isStatusWord(name, value) ? drawBadge(value, level ?? levelOfStatus(value)) : drawValue(value, unitOf(record, name, display));
  if (level) drawn.dataset.level = level;
  const target = own(display.links, name);
  return target ? externalLink(fieldOf(record, target), drawn) : drawn;
}

/** A word for how something is, in the colour of what it means. */
export const drawBadge = (word: string, level: Level | null): HTMLElement => h('span', { class: 'badge', 'data-level': level }, humanized(isShouted(word) ? word.toLowerCase() : word));

const isShouted = (word: string): boolean => word.length > 3 && word === word.toUpperCase();

export function drawValue(value: unknown, unit = ''): HTMLElement {
  if (value === null || value === undefined || value === '') return h('span', { class: 'none' }, '–');
  if (typeof value === 'boolean') return drawBoolean(value);
  if (unit === 'weather_code') {
    const weather = weatherOf(value);
    if (weather) return h('span', { class: 'weather' }, icon(weather.icon), weather.words);
  }
  const at = momentOf(value, unit);
  if (at) return drawMoment(value, at);
  if (typeof value === 'number') {
    const { text, unit: shown } = writeNumber(value, unit);
    return h('span', { class: 'number' }, text, shown && h('span', { class: 'unit' }, shown));
  }
  if (typeof value !== 'string') return h('code', {}, JSON.stringify(value));
  const href = safeUrl(value);
  return href ? externalLink(href, shortAddress(href)) : clamped(textOf(value), 'words');
}

export const drawBoolean = (value: boolean, words: Child = value ? 'Yes' : 'No'): HTMLElement =>
  h('span', { class: 'boolean', 'data-boolean': String(value) }, icon(value ? 'check' : 'close'), words);

const WEEK_SECONDS = 7 * 86_400;

/** A moment of the last days by its distance, one of later today by its time; the exact one on hover. */
function drawMoment(value: unknown, at: Date): HTMLElement {
  const exact = writeMoment(value, at);
  const seconds = (at.getTime() - Date.now()) / 1000;
  if (isDay(value)) return h('time', { datetime: value, title: value }, exact);
  if (seconds <= 0 && seconds > -WEEK_SECONDS) return ago(at.toISOString());
  const isLaterToday = seconds > 0 && at.toDateString() === new Date().toDateString();
  return h('time', { datetime: at.toISOString(), title: exact }, isLaterToday ? writeTime(at) : exact);
}

/** A moment as its distance from now, with the exact time on hover. */
export function ago(iso: string, style: 'long' | 'narrow' = 'long'): HTMLElement {
  const at = momentOf(iso);
  if (!at) return h('span', {}, iso);
  const title = writeMoment(iso, at);
  return h('time', { datetime: iso, title, 'data-ago': style }, writeDistance((at.getTime() - Date.now()) / 1000, style));
}

/** Brings every distance below an element up to date. */
export function refreshAges(root: ParentNode): void {
  for (const time of root.querySelectorAll('time[data-ago]')) {
    const at = Date.parse(time.getAttribute('datetime') ?? '');
    time.textContent = writeDistance((at - Date.now()) / 1000, time.getAttribute('data-ago') === 'narrow' ? 'narrow' : 'long');
  }
}
