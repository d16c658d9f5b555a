/** One value that matters: figure, gauge, status. */

import { h, svg } from '../dom.ts';
import { type Display, type Level, STATUS, TITLE, type Values, fieldOf, firstText, isRecord, levelOf, own } from './display.ts';
import { writeText } from './format.ts';
import { MAX_ROWS, drawFacts, fieldsOf, labelOf, more } from './records.ts';
import { drawField, drawValue } from './values.ts';

/** The field with the value: the declared one, else the first number, else the first field. */
const valueField = (record: Values, display: Display): string => {
  const fields = fieldsOf(record, display);
  return display.value ?? fields.find((name) => typeof fieldOf(record, name) === 'number') ?? fields[0] ?? '';
};

/** A record for a bare value, so that the two are drawn alike. */
const asRecord = (data: any): Values => (isRecord(data) ? data : { value: data });

/** One big value with its caption, and the other facts below. */
export function drawFigure(data: any, display: Display): HTMLElement {
  const record = asRecord(data);
  const fields = fieldsOf(record, display);
  const name = valueField(record, display);
  const caption = display.caption ?? fields.find((field) => field !== name && typeof fieldOf(record, field) === 'string');
  const others = fields.filter((field) => field !== name && field !== caption);
  return h('div', { class: 'figure' }, [
    h('p', { class: 'figure-value', part: 'figure' }, drawField(record, name, display)),
    caption !== undefined && fieldOf(record, caption) !== undefined && h('p', { class: 'figure-caption' }, drawField(record, caption, display)),
    isRecord(data) && others.length > 0 && drawFacts(record, { ...display, fields: others }),
  ]);
}

const ARC = 'M 12 60 A 48 48 0 0 1 108 60';
const ARC_LENGTH = Math.PI * 48;

/** How far a value is between two ends, from 0 to 1. */
export const shareOf = (value: number, min: number, max: number): number =>
  max > min ? Math.min(1, Math.max(0, (value - min) / (max - min))) : 0;

/** A value between two ends, on half a circle. */
export function drawGauge(data: any, display: Display): HTMLElement {
  const record = asRecord(data);
  const name = valueField(record, display);
  const value = fieldOf(record, name);
  if (typeof value !== 'number') return drawFigure(data, display);
  const unit = own(display.units, name) ?? '';
  const end = (given: number | string | undefined, fallback: number): number =>
    Number(typeof given === 'string' ? fieldOf(record, given) : (given ?? fallback));
  const [min, max] = [end(display.min, 0), end(display.max, unit === 'ratio' ? 1 : 100)];
  const share = shareOf(value, min, max);
  const level = levelOf(value, own(display.thresholds, name));
  const dash = `${(share * ARC_LENGTH).toFixed(1)} ${ARC_LENGTH.toFixed(1)}`;
  return h('div', { class: 'gauge', 'data-level': level }, [
    svg('svg', { viewBox: '0 0 120 70', role: 'img', 'aria-label': `${labelOf(name, display)}: ${writeText(value, unit)}` }, [
      svg('path', { class: 'gauge-track', d: ARC }),
      share > 0 && svg('path', { class: 'gauge-value', part: 'gauge', d: ARC, 'stroke-dasharray': dash }),
    ]),
    h('p', { class: 'gauge-text', 'aria-hidden': 'true' }, drawValue(value, unit)),
    h('p', { class: 'figure-caption', 'aria-hidden': 'true' }, labelOf(name, display)),
  ]);
}

const WORDS: Record<Level, RegExp> = {
  good: /^(?:ok|okay|up|online|active|running|enabled|healthy|available|connected|good|pass(?:ed|ing)?|success(?:ful)?|operational|idle|synced|open|true|yes)$/i,
  warn: /^(?:warn(?:ing)?|degraded|paused|pending|unknown|starting|stopping|syncing|scanning|busy|maintenance|stale|partial|queued)$/i,
  bad: /^(?:bad|down|offline|inactive|stopped|disabled|unhealthy|unavailable|disconnected|error|fail(?:ed|ing|ure)?|critical|dead|outage|false|no)$/i,
};

/** The level that a status word, a boolean or an HTTP status stands for; null where it tells none. */
export function levelOfStatus(status: unknown): Level | null {
  if (typeof status === 'number') return status >= 500 ? 'bad' : status >= 400 ? 'warn' : status >= 100 ? 'good' : null;
  const word = String(status ?? '').trim();
  return (Object.keys(WORDS) as Level[]).find((level) => WORDS[level].test(word)) ?? null;
}

const statusField = (record: Values, display: Display): string =>
  display.value ?? STATUS.find((name) => name in record) ?? Object.keys(record).find((name) => typeof record[name] === 'boolean') ?? '';

/** A dot for each thing that can be up or down. */
export function drawStatus(data: any, display: Display): HTMLElement {
  const records = (Array.isArray(data) ? data : [data]).map(asRecord);
  const rows = records.slice(0, MAX_ROWS).map((record) => statusRow(record, display));
  return h('div', {}, h('ul', { class: 'statuses', part: 'status' }, rows), more(records.length));
}

function statusRow(record: Values, display: Display): HTMLElement {
  const name = statusField(record, display) || (Object.keys(record)[0] ?? '');
  const status = fieldOf(record, name);
  const level = levelOf(status, own(display.thresholds, name)) ?? levelOfStatus(status);
  const title = firstText(record, TITLE) || labelOf(name, display);
  const others = display.fields?.filter((field) => field !== name && !TITLE.includes(field)) ?? [];
  const words = typeof status === 'boolean' ? (status ? 'Up' : 'Down') : null;
  return h('li', { class: 'status', 'data-level': level }, [
    h('span', { class: 'dot', 'aria-hidden': 'true' }),
    h('span', { class: 'status-name' }, title),
    others.map((field) => h('span', { class: 'status-extra' }, drawField(record, field, display))),
    h('span', { class: 'status-word' }, words ?? drawField(record, name, display)),
  ]);
}
