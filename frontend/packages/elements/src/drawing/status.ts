/** What is up and what is down. */

import { externalLink, h } from '../dom.ts';
import { type Display, STATUS, TITLE, type Values, fieldOf, firstText, isRecord, isScalar, levelOf, own } from './display.ts';
import { levelOfStatus } from './levels.ts';
import { fieldsOf, labelOf, limitOf } from './records.ts';
import { fillRows } from './rows.ts';
import { drawBadge, drawField } from './values.ts';
import { addressOf } from './media.ts';

interface Row {
  title: string;
  record: Values;
  /** The field that holds the status. */
  name: string;
  others: string[];
}

/** A dot and a word for each thing that can be up or down. */
export function drawStatus(data: any, display: Display): HTMLElement {
  const rows = Array.isArray(data) ? data.map((item) => rowOf(asRecord(item), display)) : rowsOfRecord(asRecord(data), display);
  const list = h('ul', { class: rows.length > 1 ? 'statuses' : 'statuses single', part: 'status' });
  return h('div', {}, list, fillRows(list, rows, limitOf(display), (row) => drawRow(row, display)));
}

const asRecord = (data: any): Values => (isRecord(data) ? data : { status: data });

function rowOf(record: Values, display: Display): Row {
  const name = display.value ?? STATUS.find((candidate) => candidate in record) ?? Object.keys(record).find((candidate) => typeof record[candidate] === 'boolean') ?? Object.keys(record)[0] ?? '';
  const others = display.fields?.filter((field) => field !== name && !TITLE.includes(field)) ?? [];
  return { title: firstText(record, TITLE) || labelOf(name, display), record, name, others };
}

/** A record is one thing with its status, or several statuses by their names. */
function rowsOfRecord(record: Values, display: Display): Row[] {
  if (display.value || STATUS.some((name) => name in record)) return [rowOf(record, display)];
  const named = fieldsOf(record, display).filter((name) => isScalar(fieldOf(record, name)) && typeof fieldOf(record, name) !== 'number' && levelOfStatus(fieldOf(record, name)));
  if (named.length < 2) return [rowOf(record, display)];
  return named.map((name) => ({ title: labelOf(name, display), record, name, others: [] }));
}

function drawRow({ title, record, name, others }: Row, display: Display): HTMLElement {
  const status = fieldOf(record, name);
  const level = levelOf(status, own(display.thresholds, name)) ?? levelOfStatus(status);
  const word = typeof status === 'boolean' ? (status ? 'Up' : 'Down') : typeof status === 'string' ? status : null;
  const address = own(display.links, name) ? fieldOf(record, own(display.links, name) ?? '') : addressOf(record);
  return h('li', { class: 'status', 'data-level': level }, [
    h('span', { class: 'dot', 'aria-hidden': 'true' }),
    h('span', { class: 'status-name' }, externalLink(address, title)),
    others.filter((field) => !isBlank(fieldOf(record, field))).map((field) => h('span', { class: 'status-extra' }, drawField(record, field, display))),
    h('span', { class: 'status-word' }, word === null ? drawField(record, name, { ...display, links: {} }) : drawBadge(word, level)),
  ]);
}

const isBlank = (value: unknown): boolean => value === null || value === undefined || value === '';
