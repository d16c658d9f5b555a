/** Facts, tables and lists: what most data is. */

import { type Child, h, humanized } from '../dom.ts';
import {
  type Display, TITLE, type Values, fieldOf, firstText, isRecord, isRecords, isScalar, own, rowsOfColumns,
} from './display.ts';
import { momentOf } from './format.ts';
import { drawField, drawValue } from './values.ts';

export const MAX_ROWS = 50;
const MAX_COLUMNS = 8;
const MAX_DEPTH = 3;
const MAX_TEXT = 280;

/** What names of fields say of their unit; beside a value that is written with it they say it twice. */
const UNIT_IN_NAME = /_(percent|(bytes|bits)(_per_second)?|seconds|ms|milliseconds)$/;

export const labelOf = (name: string, display: Display): string =>
  own(display.labels, name) ?? humanized(own(display.units, name) ? name.replace(UNIT_IN_NAME, '') : name);
export const shortened = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1).trimEnd()}…` : text);
export const more = (total: number): Child => total > MAX_ROWS && h('p', { class: 'more' }, `and ${total - MAX_ROWS} more`);
export const fieldsOf = (record: Values, display: Display): string[] =>
  display.fields?.filter((name) => fieldOf(record, name) !== undefined) ?? Object.keys(record);

/** What may be said of the parts of a value, too. */
const inner = ({ labels, units, thresholds, links }: Display): Display => ({ labels, units, thresholds, links });

/** Name and value of each field; what is nested is drawn below its name. */
export function drawFacts(record: Values, display: Display = {}, depth = 0): HTMLElement {
  const rows = fieldsOf(record, display).map((name) => {
    const value = fieldOf(record, name);
    const isShort = isScalar(value) || (Array.isArray(value) && value.every((item) => isScalar(item) || isTag(item)));
    const drawn = isScalar(value) ? drawField(record, name, display) : drawNested(value, display, depth + 1);
    return h('div', { class: isShort ? 'fact' : 'fact nested' }, h('dt', {}, labelOf(name, display)), h('dd', {}, drawn));
  });
  return h('dl', { class: 'facts', part: 'facts' }, rows);
}

function drawNested(value: any, display: Display, depth: number): HTMLElement {
  if (depth > MAX_DEPTH) return h('code', {}, shortened(JSON.stringify(value)));
  if (!Array.isArray(value)) {
    const rows = rowsOfColumns(value);
    return rows ? drawTable(rows, inner(display)) : drawFacts(value, inner(display), depth);
  }
  if (value.length === 0) return drawValue(null);
  if (value.every(isScalar)) return h('span', {}, shortened(value.map(String).join(', ')));
  if (value.every(isTag)) return h('span', {}, value.map((tag) => firstText(tag, TITLE)).join(', '));
  return isRecords(value) ? drawTable(value, inner(display)) : drawList(value, inner(display));
}

/** A name with hardly more than a colour: `{name: 'bug', color: 'd73a4a'}`. */
const isTag = (value: unknown): boolean =>
  isRecord(value) && Object.keys(value).length <= 2 && firstText(value, TITLE) !== '';

/** One row a record. What does not fit can be scrolled to. */
export function drawTable(records: Values[], display: Display = {}): HTMLElement {
  const shown = records.slice(0, MAX_ROWS);
  const columns = [...new Set(shown.flatMap((record) => fieldsOf(record, display)))].slice(0, MAX_COLUMNS);
  const numeric = new Set(columns.filter((name) => isNumeric(records, name, display)));
  const side = (name: string): string | null => (numeric.has(name) ? 'numeric' : null);
  const head = columns.map((name) => h('th', { scope: 'col', class: side(name) }, labelOf(name, display)));
  const rows = shown.map((record) =>
    h('tr', {}, columns.map((name) => h('td', { class: side(name) }, drawCell(record, name, display)))),
  );
  return h('div', {}, [
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table' }, [
      h('table', { part: 'table' }, h('thead', {}, h('tr', {}, head)), h('tbody', {}, rows)),
    ]),
    more(records.length),
  ]);
}

const isNumeric = (records: Values[], name: string, display: Display): boolean => {
  const values = records.map((record) => fieldOf(record, name)).filter((value) => value !== null && value !== undefined);
  return values.length > 0 && values.every((value) => typeof value === 'number' && !momentOf(value, own(display.units, name)));
};

function drawCell(record: Values, name: string, display: Display): Child {
  const value = fieldOf(record, name);
  if (isScalar(value) || value === undefined) return drawField(record, name, display);
  if (Array.isArray(value) && value.every(isScalar)) return value.join(', ');
  if (isRecord(value) && firstText(value, TITLE)) return firstText(value, TITLE);
  return h('code', {}, shortened(JSON.stringify(value)));
}

export function drawList(values: any[], display: Display = {}): HTMLElement {
  const items = values.slice(0, MAX_ROWS).map((value) =>
    h('li', {}, isScalar(value) ? drawValue(value) : drawNested(value, display, 2)),
  );
  return h('div', {}, h('ul', { class: 'items', part: 'list' }, items), more(values.length));
}
