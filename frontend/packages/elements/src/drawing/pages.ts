/** What points to pages elsewhere: articles, feeds; and what happens when: timelines. */

import { externalLink, h, safeUrl, shortAddress } from '../dom.ts';
import { parseInert } from '../inert.ts';
import {
  ADDRESS, type Display, ENTRIES, MOMENT, SOURCE, SUMMARY, TITLE, type Values, fieldOf, firstText, isRecord, isRecords, own,
} from './display.ts';
import { momentOf, writeDay, writeTime } from './format.ts';
import { MAX_ROWS, drawFacts, fieldsOf, more, shortened } from './records.ts';
import { drawValue } from './values.ts';

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

const addressOf = (record: Values): string | null => ADDRESS.map((name) => safeUrl(record[name])).find(Boolean) ?? null;
const isEmpty = (value: unknown): boolean => value === null || value === '' || (Array.isArray(value) && value.length === 0);
/** Text without the tags that feeds send in it. */
const textOf = (html: string): string => (/<[a-z!/]/i.test(html) ? withoutTags(html) : html);

function withoutTags(html: string): string {
  const parsed = parseInert(html, 'text/html');
  for (const hidden of parsed.querySelectorAll('script, style')) hidden.remove();
  return parsed.body.textContent?.replace(/\s+/g, ' ').trim() ?? '';
}

/** A page, issue or repository: its title as a link, what it says, and its other facts. */
export function drawArticle(record: Values, display: Display = {}): HTMLElement {
  const href = addressOf(record);
  const known = new Set([...TITLE, ...ADDRESS, ...SUMMARY, ...SOURCE, 'image', 'og:image', 'favicon', 'icon']);
  const others = fieldsOf(record, display).filter((name) => !known.has(name) && !isEmpty(fieldOf(record, name)));
  const summary = textOf(firstText(record, SUMMARY));
  const source = firstText(record, SOURCE) || (href ? shortAddress(new URL(href).origin) : '');
  return h('div', { class: 'article', part: 'article' }, [
    source && h('p', { class: 'source' }, source),
    h('p', { class: 'article-title' }, externalLink(href, firstText(record, TITLE) || 'Untitled')),
    summary && h('p', { class: 'summary' }, shortened(summary)),
    others.length > 0 && drawFacts(record, { ...display, fields: others }),
  ]);
}

export function drawFeed(data: any, _display: Display = {}): HTMLElement {
  const entries = entriesOf(data) ?? [];
  const title = Array.isArray(data) ? '' : firstText(isRecord(data.feed) ? data.feed : data, TITLE);
  const items = entries.slice(0, MAX_ROWS).filter(isRecord).map((entry) => {
    const moment = firstText(entry, MOMENT);
    const summary = textOf(firstText(entry, SUMMARY));
    return h('li', {}, [
      h('p', { class: 'feed-title' }, externalLink(addressOf(entry), textOf(firstText(entry, TITLE)) || 'Untitled')),
      moment && h('p', { class: 'source' }, drawValue(moment)),
      summary && h('p', { class: 'summary' }, shortened(summary)),
    ]);
  });
  return h('div', { class: 'feed', part: 'feed' }, [
    title && h('p', { class: 'source' }, title),
    h('ol', { class: 'feed-entries' }, items),
    more(entries.length),
  ]);
}

const momentField = (record: Values, display: Display): string =>
  display.x ?? MOMENT.find((name) => momentOf(record[name], own(display.units, name))) ?? '';

/** Whether every entry has a moment, and no more to it than a name. */
export function isTimeline(data: any): boolean {
  const entries = entriesOf(data);
  return isRecords(entries) && entries.every((entry) => firstText(entry, TITLE) !== '' && /^(?:start|starts_at)$/.test(momentField(entry, {})));
}

/** What happens when, in order and by day. */
export function drawTimeline(data: any, display: Display = {}): HTMLElement {
  const entries = (entriesOf(data) ?? []).filter(isRecord).flatMap((entry) => {
    const name = momentField(entry, display);
    const value = fieldOf(entry, name);
    const at = momentOf(value, own(display.units, name));
    return at ? [{ entry, at, isDay: typeof value === 'string' && value.length === 10 }] : [];
  });
  const ordered = entries.sort((one, other) => one.at.getTime() - other.at.getTime()).slice(0, MAX_ROWS);
  let day = '';
  const items = ordered.flatMap(({ entry, at, isDay }) => {
    const on = writeDay(at, isDay ? 'UTC' : undefined);
    const heading = on === day ? [] : [h('li', { class: 'timeline-day' }, on)];
    day = on;
    const time = h('time', { datetime: at.toISOString() }, isDay ? '' : writeTime(at));
    return [...heading, h('li', { class: 'timeline-entry' }, time, externalLink(addressOf(entry), firstText(entry, TITLE) || 'Untitled'))];
  });
  return h('div', {}, h('ol', { class: 'timeline', part: 'timeline' }, items), more(entries.length));
}
