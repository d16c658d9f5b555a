/** Tables: one row a record, sorted by a press on a column's name. */

import { type Child, h, humanized } from '../dom.ts';
import { icon } from '../icons.ts';
import { ADDRESS, type Display, TITLE, type Values, fieldOf, firstText, isRecord, isScalar, own } from './display.ts';
import { momentOf } from './format.ts';
import { fieldsOf, labelOf, limitOf } from './records.ts';
import { fillRows } from './rows.ts';
import { scrolling } from './scrolling.ts';
import { shortened } from './text.ts';
import { unitOf } from './units.ts';
import { drawField } from './values.ts';

const MAX_COLUMNS = 8;
const MIN_SORTED_ROWS = 3;

interface Column {
  name: string;
  label: string;
  isNumeric: boolean;
  /** What a full bar stands for; null where the numbers are no shares of a whole. */
  whole: number | null;
}

/** What does not fit can be scrolled to; the first column stays. */
export function drawTable(records: Values[], given: Display = {}): HTMLElement {
  const display = withLinkedTitle(records, given);
  const columns = columnsOf(records, display);
  const place = h('div', { class: 'table' });
  let sortedBy: { name: string; isRising: boolean } | null = null;
  const sort = (name: string): void => {
    sortedBy = { name, isRising: sortedBy?.name === name ? !sortedBy.isRising : !columns.find((column) => column.name === name)?.isNumeric };
    fill();
    place.querySelector<HTMLElement>('th[aria-sort] button')?.focus();
  };
  const fill = (): void => {
    const body = h('tbody');
    const rest = fillRows(body, sorted(records, sortedBy), limitOf(display), (record) => drawRow(record, columns, display));
    const head = columns.map((column) => drawHeading(column, sortedBy, records.length >= MIN_SORTED_ROWS ? sort : null));
    const table = h('table', { part: 'table' }, h('thead', {}, h('tr', {}, head)), body);
    place.replaceChildren(scrolling(table), ...(rest ? [rest] : []));
  };
  fill();
  return place;
}

/** Without a declaration, the title leads to the address of its record, which then is no column. */
function withLinkedTitle(records: Values[], display: Display): Display {
  const [first = {}] = records;
  const title = TITLE.find((name) => typeof first[name] === 'string');
  const address = ADDRESS.find((name) => typeof first[name] === 'string');
  if (display.fields || !title || !address) return display;
  const fields = [...new Set([title, ...records.flatMap((record) => Object.keys(record))])].filter((name) => !ADDRESS.includes(name));
  return { ...display, fields, links: { [title]: address, ...display.links } };
}

function columnsOf(records: Values[], display: Display): Column[] {
  const names = [...new Set(records.flatMap((record) => fieldsOf(record, display)))];
  const known = names.filter((name) => records.some((record) => !isBlank(fieldOf(record, name))));
  const ordered = display.fields ? display.fields.filter((name) => known.includes(name)) : known;
  return (ordered.length > 0 ? ordered : names).slice(0, MAX_COLUMNS).map((name) => {
    const unit = unitOf(records.find((record) => !isBlank(fieldOf(record, name))) ?? {}, name, display);
    const isNumeric = isNumericColumn(records, name, unit);
    return { name, label: labelOf(name, display, unit), isNumeric, whole: isNumeric ? wholeOf(records, name, unit) : null };
  });
}

const isBlank = (value: unknown): boolean => value === null || value === undefined || value === '';

function isNumericColumn(records: Values[], name: string, unit: string): boolean {
  if (unit === 'weather_code') return false;
  const values = records.map((record) => fieldOf(record, name)).filter((value) => !isBlank(value));
  return values.length > 0 && values.every((value) => typeof value === 'number' && !momentOf(value, unit));
}

/** A difference in percent is no part of a whole. */
const CHANGE = /change|delta|diff|growth|gain|trend|return/i;
const WHOLES: Record<string, number> = { percent: 100, '%': 100, ratio: 1 };

function wholeOf(records: Values[], name: string, unit: string): number | null {
  const whole = own(WHOLES, unit);
  if (whole === undefined || CHANGE.test(name)) return null;
  const isShare = records.every((record) => isBlank(fieldOf(record, name)) || (fieldOf(record, name) >= 0 && fieldOf(record, name) <= whole));
  return isShare ? whole : null;
}

function drawHeading({ name, label, isNumeric }: Column, sortedBy: { name: string; isRising: boolean } | null, sort: ((name: string) => void) | null): HTMLElement {
  const side = isNumeric ? 'numeric' : null;
  if (!sort) return h('th', { scope: 'col', class: side }, label);
  const isSorted = sortedBy?.name === name;
  const order = isSorted ? (sortedBy?.isRising ? 'ascending' : 'descending') : null;
  const arrow = isSorted ? icon(sortedBy?.isRising ? 'up' : 'down') : null;
  return h('th', { scope: 'col', class: side, 'aria-sort': order }, h('button', { type: 'button', class: 'sort', onclick: () => sort(name) }, label, arrow));
}

/** What is missing comes last, whichever way the rest goes. */
function sorted(records: Values[], by: { name: string; isRising: boolean } | null): Values[] {
  if (!by) return records;
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
  return [...records].sort((one, other) => {
    const [a, b] = [fieldOf(one, by.name), fieldOf(other, by.name)];
    if (isBlank(a) || isBlank(b)) return Number(isBlank(a)) - Number(isBlank(b));
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
    return by.isRising ? order : -order;
  });
}

const drawRow = (record: Values, columns: Column[], display: Display): HTMLElement =>
  h('tr', {}, columns.map((column) => h('td', { class: column.isNumeric ? 'numeric' : null }, drawCell(record, column, display))));

function drawCell(record: Values, { name, whole }: Column, display: Display): Child {
  const value = fieldOf(record, name);
  if (isScalar(value) || value === undefined) {
    const drawn = drawField(record, name, display);
    return whole !== null && typeof value === 'number' ? h('span', { class: 'share' }, bar(value / whole, drawn), drawn) : drawn;
  }
  if (Array.isArray(value) && value.every(isScalar)) return shortened(value.map((item) => String(item)).join(', '), 120);
  if (Array.isArray(value) && value.every((item) => isRecord(item) && firstText(item, TITLE))) return shortened(value.map((item) => firstText(item, TITLE)).join(', '), 120);
  if (isRecord(value) && firstText(value, TITLE)) return firstText(value, TITLE);
  if (isRecord(value)) return shortened(Object.entries(value).filter(([, part]) => isScalar(part)).map(([part, of]) => `${humanized(part)} ${String(of)}`).join(', '), 120);
  return h('code', {}, shortened(JSON.stringify(value), 120));
}

/** A bar for a part of a whole, from 0 to 1. The number beside it says the same. */
function bar(share: number, beside: HTMLElement): HTMLElement {
  const filled = h('span', { class: 'bar-value' });
  filled.style.setProperty('width', `${(share * 100).toFixed(1)}%`);
  return h('span', { class: 'bar', 'aria-hidden': 'true', 'data-level': beside.dataset.level ?? null }, filled);
}
