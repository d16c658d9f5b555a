/** Facts and lists: what most data is. */

import { type Child, externalLink, h, humanized } from '../dom.ts';
import {
  ADDRESS, type Display, MOMENT, SUMMARY, TITLE, type Values, fieldOf, firstText, isRecords, isScalar, own, rowsOfColumns,
} from './display.ts';
import { momentOf } from './format.ts';
import { addressOf } from './media.ts';
import { fillRows } from './rows.ts';
import { drawTable } from './table.ts';
import { clamped, shortened, textOf } from './text.ts';
import { unitOf, withoutUnit } from './units.ts';
import { drawField, drawValue } from './values.ts';

const MAX_DEPTH = 3;
/** Fewer facts stand below each other, however wide the card is. */
const MIN_FOR_COLUMNS = 4;
export const DEFAULT_LIMIT = 12;

export const labelOf = (name: string, display: Display, unit = own(display.units, name)): string =>
  own(display.labels, name) ?? humanized(unit ? withoutUnit(name) : name);
export const fieldsOf = (record: Values, display: Display): string[] =>
  display.fields?.filter((name) => fieldOf(record, name) !== undefined) ?? Object.keys(record);
export const limitOf = ({ limit }: Display, fallback = DEFAULT_LIMIT): number => (Number.isInteger(limit) && limit && limit > 0 ? limit : fallback);

/** What may be said of the parts of a value, too. */
const inner = ({ labels, units, thresholds, links }: Display): Display => ({ labels, units, thresholds, links });
const nameOf = (record: Values, name: string, display: Display): string => labelOf(name, display, unitOf(record, name, display));

/** Name and value of each field; what is nested is drawn below its name. */
export function drawFacts(record: Values, display: Display = {}, depth = 0): HTMLElement {
  const rows = fieldsOf(record, display).map((name) => {
    const value = fieldOf(record, name);
    const isShort = isScalar(value) ? String(value).length < 120 : Array.isArray(value) && value.every((item) => isScalar(item) || isTag(item));
    const drawn = isScalar(value) ? drawField(record, name, display) : drawNested(value, display, depth + 1);
    return h('div', { class: isShort ? 'fact' : 'fact nested' }, h('dt', {}, nameOf(record, name, display)), h('dd', {}, drawn));
  });
  const short = rows.filter((row) => row.className === 'fact').length;
  return h('dl', { class: short >= MIN_FOR_COLUMNS ? 'facts columns' : 'facts', part: 'facts' }, rows);
}

/** Facts that stand beside something bigger: small tiles, each with its name above its value. */
export function drawDetails(record: Values, fields: readonly string[], display: Display): Child {
  const short = fields.filter((name) => isScalar(fieldOf(record, name)));
  const long = fields.filter((name) => !short.includes(name));
  const tiles = short.map((name) => h('div', { class: 'detail' }, h('dt', {}, nameOf(record, name, display)), h('dd', {}, drawField(record, name, display))));
  return [tiles.length > 0 && h('dl', { class: 'details', part: 'details' }, tiles), long.length > 0 && drawFacts(record, { ...display, fields: long })];
}

export function drawNested(value: any, display: Display, depth: number): HTMLElement {
  if (depth > MAX_DEPTH) return h('code', {}, shortened(JSON.stringify(value)));
  if (!Array.isArray(value)) {
    const rows = rowsOfColumns(value);
    return rows ? drawTable(rows, inner(display)) : drawFacts(value, inner(display), depth);
  }
  if (value.length === 0) return drawValue(null);
  if (value.every(isScalar)) return value.every(isWord) ? drawTags(value) : h('span', {}, shortened(value.map(String).join(', ')));
  if (value.every(isTag)) return drawTags(value.map((tag) => firstText(tag, TITLE)));
  return isRecords(value) ? drawTable(value, inner(display)) : drawList(value, inner(display));
}

/** A record that is no more than a name with a look: a label of an issue. */
const isTag = (value: any): boolean => isRecords([value]) && firstText(value, TITLE) !== '' && Object.keys(value).every((name) => TAG_FIELDS.has(name));
const TAG_FIELDS = new Set([...TITLE, 'id', 'node_id', 'color', 'colour', 'default', 'description', 'url']);

const isWord = (value: unknown): value is string => typeof value === 'string' && !momentOf(value) && value.length <= 60;
const MAX_TAGS = 12;

function drawTags(words: readonly string[]): HTMLElement {
  const tags = words.slice(0, MAX_TAGS).map((word) => h('li', { class: 'tag' }, shortened(word, 60)));
  const rest = words.length - tags.length;
  return h('ul', { class: 'tags' }, tags, rest > 0 && h('li', { class: 'none' }, `+${rest}`));
}

export function drawList(values: any[], display: Display = {}): HTMLElement {
  const list = h('ul', { class: 'items', part: 'list' });
  const rest = fillRows(list, values, limitOf(display), (value) => h('li', {}, drawItem(value, display)));
  return h('div', {}, list, rest);
}

function drawItem(value: any, display: Display): Child {
  if (isScalar(value)) return drawValue(value);
  if (!isRecords([value]) || (!display.fields && firstText(value, TITLE) === '')) return drawNested(value, display, 2);
  const [title = '', ...others] = display.fields ?? [TITLE.find((name) => firstText(value, [name])) ?? '', ...restOf(value)];
  const known = others.filter((name) => isScalar(fieldOf(value, name)) && !isBlank(fieldOf(value, name)));
  return [
    h('p', { class: 'item-title' }, own(display.links, title) ? drawField(value, title, display) : externalLink(addressOf(value), textOf(String(fieldOf(value, title) ?? '')))),
    known.length > 0 && h('p', { class: 'source joined' }, known.map((name) => h('span', {}, drawField(value, name, display)))),
    !display.fields && firstText(value, SUMMARY) !== '' && clamped(textOf(firstText(value, SUMMARY))),
  ];
}

const isBlank = (value: unknown): boolean => value === null || value === undefined || value === '';

/** The few other things that are worth a line below the title of an entry. */
function restOf(record: Values): string[] {
  const told = new Set([...TITLE, ...ADDRESS, ...SUMMARY]);
  const names = Object.keys(record).filter((name) => !told.has(name));
  return [...names.filter((name) => MOMENT.includes(name)), ...names.filter((name) => !MOMENT.includes(name))].slice(0, 3);
}
