/** The shapes data comes in: a figure, facts, a table, a list, an article, a feed. */

import { externalLink, h, humanized, safeUrl } from '../dom.js';
import { drawnValue, isRecord, isScalar, shortAddress } from './values.js';

/**
 * @typedef {object} Display How a block wants to be drawn; every part is optional.
 * @property {'feed' | 'article' | 'table' | 'list' | 'figure' | 'facts'} [as]
 * @property {string} [value] The field that is the figure.
 * @property {string} [caption] The field that explains the figure.
 * @property {Record<string, string>} [labels] By field.
 * @property {Record<string, string>} [units] By field; `epoch` makes seconds since 1970 a moment.
 * @property {string[]} [fields] Which fields, in this order.
 */

const MAX_ROWS = 50;
const MAX_COLUMNS = 6;
const MAX_DEPTH = 3;
const MAX_SUMMARY = 280;

/**
 * The first of these fields that holds something to read.
 *
 * @param {Record<string, any>} record
 * @param {string[]} names
 * @returns {string}
 */
function firstText(record, names) {
  const name = names.find((candidate) => typeof record[candidate] === 'string' && record[candidate].trim());
  return name ? record[name] : '';
}

const TITLE = ['title', 'name', 'full_name', 'headline', 'og:title'];
const ADDRESS = ['html_url', 'url', 'link', 'href', 'og:url'];
const SUMMARY = ['description', 'summary', 'excerpt', 'body', 'og:description'];
const SOURCE = ['site_name', 'source', 'author', 'og:site_name'];
const MOMENT = ['published', 'published_at', 'updated', 'updated_at', 'date', 'created_at'];
const ENTRIES = ['entries', 'items', 'articles', 'posts'];

/** @param {string} name @param {Display} display */
const labelOf = (name, display) => display.labels?.[name] ?? humanized(name);

/** @param {string} text */
const shortened = (text) => (text.length > MAX_SUMMARY ? `${text.slice(0, MAX_SUMMARY - 1).trimEnd()}…` : text);

/** @param {number} total */
const rest = (total) => total > MAX_ROWS && h('p', { class: 'more' }, `and ${total - MAX_ROWS} more`);

/**
 * @param {Record<string, any>} record
 * @param {Display} display
 */
const fieldsOf = (record, display) => display.fields?.filter((name) => name in record) ?? Object.keys(record);

/**
 * Lists of equal length stand for the columns of a table (`{days: […], high: […]}`): its rows, else null.
 *
 * @param {Record<string, any>} record
 * @param {Display} display
 * @returns {Record<string, any>[] | null}
 */
function seriesOf(record, display) {
  const columns = fieldsOf(record, display).filter((name) => Array.isArray(record[name]));
  const length = columns.length > 1 ? record[columns[0]].length : 0;
  const isSeries = columns.every((name) => record[name].length === length && record[name].every(isScalar));
  if (length < 2 || !isSeries) return null;
  return record[columns[0]].map((/** @type {any} */ _, /** @type {number} */ row) =>
    Object.fromEntries(columns.map((name) => [name, record[name][row]])),
  );
}

/**
 * Name and value of each field; what is nested is drawn below its name.
 *
 * @param {Record<string, any>} record
 * @param {Display} [display]
 * @param {number} [depth]
 * @returns {HTMLElement}
 */
export function facts(record, display = {}, depth = 0) {
  const series = seriesOf(record, display);
  if (series) return table(series, { labels: display.labels, units: display.units });
  const rows = fieldsOf(record, display).map((name) => {
    const value = record[name];
    const drawn = isScalar(value) ? drawnValue(value, display.units?.[name]) : nested(value, display, depth + 1);
    return h('div', { class: isScalar(value) ? 'fact' : 'fact nested' }, [
      h('dt', {}, labelOf(name, display)),
      h('dd', {}, drawn),
    ]);
  });
  return h('dl', { class: 'facts' }, rows);
}

/**
 * @param {any} value
 * @param {Display} display
 * @param {number} depth
 * @returns {HTMLElement}
 */
function nested(value, display, depth) {
  const inner = { labels: display.labels, units: display.units };
  if (depth > MAX_DEPTH) return h('code', {}, shortened(JSON.stringify(value)));
  if (!Array.isArray(value)) return facts(value, inner, depth);
  if (value.length === 0) return drawnValue(null);
  if (value.every(isScalar)) return h('span', {}, value.map(String).join(', '));
  if (value.every(isTag)) return h('span', {}, value.map((tag) => firstText(tag, TITLE)).join(', '));
  return value.every(isRecord) ? table(value, inner) : list(value, inner);
}

/** @param {any} value A name with hardly more than a colour: `{name: 'bug', color: 'd73a4a'}`. */
const isTag = (value) => isRecord(value) && Object.keys(value).length <= 2 && firstText(value, TITLE) !== '';

/**
 * One row a record.
 *
 * @param {Record<string, any>[]} records
 * @param {Display} [display]
 * @returns {HTMLElement}
 */
export function table(records, display = {}) {
  const found = [...new Set(records.slice(0, MAX_ROWS).flatMap((record) => fieldsOf(record, display)))];
  const columns = found.slice(0, MAX_COLUMNS);
  const isNumeric = (/** @type {string} */ name) =>
    display.units?.[name] !== 'epoch' && records.every((record) => typeof record[name] === 'number');
  const classOf = (/** @type {string} */ name) => (isNumeric(name) ? 'numeric' : null);
  const head = columns.map((name) => h('th', { scope: 'col', class: classOf(name) }, labelOf(name, display)));
  const rows = records.slice(0, MAX_ROWS).map((record) =>
    h('tr', {}, columns.map((name) => h('td', { class: classOf(name) }, cell(record[name], display.units?.[name])))),
  );
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table' }, [
    h('table', {}, h('thead', {}, h('tr', {}, head)), h('tbody', {}, rows)),
    rest(records.length),
  ]);
}

/**
 * @param {any} value
 * @param {string} [unit]
 */
function cell(value, unit) {
  if (isScalar(value)) return drawnValue(value, unit);
  if (Array.isArray(value) && value.every(isScalar)) return value.join(', ');
  if (isRecord(value) && firstText(value, TITLE)) return firstText(value, TITLE);
  return h('code', {}, shortened(JSON.stringify(value)));
}

/**
 * @param {any[]} values
 * @param {Display} [display]
 * @returns {HTMLElement}
 */
export function list(values, display = {}) {
  const items = values.slice(0, MAX_ROWS).map((value) =>
    h('li', {}, isScalar(value) ? drawnValue(value) : nested(value, display, 2)),
  );
  return h('div', {}, h('ul', { class: 'items' }, items), rest(values.length));
}

/**
 * One big number with its caption, and the other facts below.
 *
 * @param {Record<string, any>} record
 * @param {Display} display
 * @returns {HTMLElement}
 */
export function figure(record, display) {
  const fields = fieldsOf(record, display);
  const name = display.value ?? fields.find((field) => typeof record[field] === 'number') ?? fields[0];
  const caption = display.caption ?? fields.find((field) => field !== name && typeof record[field] === 'string');
  const remaining = fields.filter((field) => field !== name && field !== caption);
  return h('div', { class: 'figure' }, [
    h('p', { class: 'figure-value' }, drawnValue(record[name], display.units?.[name])),
    caption && h('p', { class: 'figure-caption' }, drawnValue(record[caption])),
    remaining.length > 0 && facts(record, { ...display, fields: remaining }),
  ]);
}

/** @param {any} data Whether it reads as one page: a title and where it is. */
export function isArticle(data) {
  return isRecord(data) && firstText(data, TITLE) !== '' && ADDRESS.some((name) => typeof data[name] === 'string');
}

/**
 * A page, issue or repository: its title as a link, what it says, and its other facts.
 *
 * @param {Record<string, any>} record
 * @param {Display} [display]
 * @returns {HTMLElement}
 */
export function article(record, display = {}) {
  const href = ADDRESS.map((name) => safeUrl(record[name])).find(Boolean) ?? null;
  const known = new Set([...TITLE, ...ADDRESS, ...SUMMARY, ...SOURCE, 'image', 'og:image', 'favicon', 'icon']);
  const others = fieldsOf(record, display).filter((name) => !known.has(name) && !isEmpty(record[name]));
  const summary = firstText(record, SUMMARY);
  const source = firstText(record, SOURCE) || (href ? shortAddress(new URL(href).origin) : '');
  return h('div', { class: 'article' }, [
    source && h('p', { class: 'article-source' }, source),
    h('h3', { class: 'article-title' }, externalLink(href, firstText(record, TITLE) || 'Untitled')),
    summary && h('p', { class: 'article-summary' }, shortened(summary)),
    others.length > 0 && facts(record, { ...display, fields: others }),
  ]);
}

/** @param {any} value */
const isEmpty = (value) => value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** @param {any} data @returns {any[] | null} */
function entriesOf(data) {
  const entries = Array.isArray(data) ? data : ENTRIES.map((name) => data?.[name]).find(Array.isArray);
  return entries ?? null;
}

/** @param {any} data Whether it is a row of pages, as feeds are. */
export function isFeed(data) {
  const entries = entriesOf(data);
  return entries !== null && entries.length > 0 && entries.every(isArticle);
}

/**
 * @param {any} data
 * @returns {HTMLElement}
 */
export function feed(data) {
  const entries = entriesOf(data) ?? [];
  const title = Array.isArray(data) ? '' : firstText(data.feed ?? data, TITLE);
  const items = entries.slice(0, MAX_ROWS).map((entry) => {
    const href = ADDRESS.map((name) => safeUrl(entry[name])).find(Boolean) ?? null;
    const moment = firstText(entry, MOMENT);
    const summary = firstText(entry, SUMMARY);
    return h('li', {}, [
      h('p', { class: 'feed-title' }, externalLink(href, firstText(entry, TITLE))),
      moment && h('p', { class: 'feed-moment' }, drawnValue(moment)),
      summary && h('p', { class: 'feed-summary' }, shortened(summary)),
    ]);
  });
  return h('div', { class: 'feed' }, [
    title && h('p', { class: 'article-source' }, title),
    h('ol', { class: 'feed-entries' }, items),
    rest(entries.length),
  ]);
}
