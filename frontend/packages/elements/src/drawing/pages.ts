/** What points to pages elsewhere: articles and feeds. */

import { type Child, externalLink, h, shortAddress } from '../dom.ts';
import {
  ADDRESS, type Display, ENTRIES, IMAGE, MOMENT, SOURCE, SUMMARY, TITLE, type Values, fieldOf, firstText, isRecord, own,
} from './display.ts';
import { momentOf } from './format.ts';
import { drawMarkdown } from './markdown-text.ts';
import { addressOf, pictureOf } from './media.ts';
import { drawDetails, fieldsOf, limitOf } from './records.ts';
import { fillRows } from './rows.ts';
import { clamped, textOf } from './text.ts';
import { drawValue } from './values.ts';

const DEFAULT_ENTRIES = 6;

/** Whether data reads as one page: a title and where it is. */
export const isArticle = (data: any): boolean =>
  isRecord(data) && firstText(data, TITLE) !== '' && ADDRESS.some((name) => typeof data[name] === 'string');

/** The list in data that is one, or that has one among its members. */
export function entriesOf(data: any): any[] | null {
  if (Array.isArray(data)) return data;
  return isRecord(data) ? (ENTRIES.map((name) => data[name]).find(Array.isArray) ?? null) : null;
}

export function isFeed(data: any): boolean {
  const entries = entriesOf(data);
  return entries !== null && entries.length > 0 && entries.every(isArticle);
}

const isBlank = (value: unknown): boolean => value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);

/** A page, issue or repository: its title as a link, what it says, and its other facts. */
export function drawArticle(record: Values, display: Display = {}): HTMLElement {
  const href = addressOf(record);
  const known = new Set([...TITLE, ...ADDRESS, ...SUMMARY, ...SOURCE, ...IMAGE, 'og:image', 'favicon', 'canonical']);
  const others = fieldsOf(record, display).filter((name) => !known.has(name) && !isBlank(fieldOf(record, name)));
  const source = firstText(record, SOURCE) || (href ? shortAddress(new URL(href).origin) : '');
  return h('div', { class: 'article', part: 'article' }, [
    source && h('p', { class: 'source' }, source),
    h('p', { class: 'article-title' }, externalLink(href, textOf(firstText(record, TITLE)) || 'Untitled')),
    bodyOf(record, display),
    drawDetails(record, others, display),
  ]);
}

/** What a page says, in the format that is declared for it. */
function bodyOf(record: Values, display: Display): Child {
  const name = SUMMARY.find((candidate) => firstText(record, [candidate]) !== '');
  const text = name ? firstText(record, [name]) : '';
  if (!text) return null;
  return own(display.formats, name ?? '') === 'markdown' ? drawMarkdown(text) : clamped(textOf(text));
}

export function drawFeed(data: any, display: Display = {}): HTMLElement {
  const entries = (entriesOf(data) ?? []).filter(isRecord);
  const title = Array.isArray(data) ? '' : firstText(isRecord(data.feed) ? data.feed : data, TITLE);
  const list = h('ol', { class: 'feed-entries' });
  const rest = fillRows(list, entries, limitOf(display, DEFAULT_ENTRIES), drawEntry);
  return h('div', { class: 'feed', part: 'feed' }, title && h('p', { class: 'source' }, title), list, rest);
}

function drawEntry(entry: Values): HTMLElement {
  const moment = MOMENT.map((name) => entry[name]).find((value) => momentOf(value));
  const source = firstText(entry, SOURCE);
  const summary = textOf(firstText(entry, SUMMARY));
  const title = textOf(firstText(entry, TITLE)) || 'Untitled';
  return h('li', { class: 'entry' }, [
    pictureOf(entry),
    h('div', { class: 'entry-text' }, [
      h('p', { class: 'feed-title' }, externalLink(addressOf(entry), title)),
      (source || moment) && h('p', { class: 'source joined' }, source && h('span', {}, textOf(source)), moment && h('span', {}, drawValue(moment))),
      summary && summary !== title && h('p', { class: 'summary' }, clamped(summary, 'words')),
    ]),
  ]);
}
