/** One value that matters: figure and gauge. */

import { h, safeUrl, svg } from '../dom.ts';
import { type Display, type Values, fieldOf, isRecord, isScalar, levelOf, own } from './display.ts';
import { momentOf, writeText } from './format.ts';
import { drawDetails, fieldsOf, labelOf } from './records.ts';
import { unitOf } from './units.ts';
import { drawField, drawValue } from './values.ts';

/** The field with the value: the declared one, else the first number, else the first field. */
export const valueField = (record: Values, display: Display): string => {
  const fields = fieldsOf(record, display);
  return display.value ?? fields.find((name) => typeof fieldOf(record, name) === 'number' && unitOf(record, name, display) !== 'weather_code') ?? fields[0] ?? '';
};

/** A record for a bare value, so that the two are drawn alike. */
const asRecord = (data: any): Values => (isRecord(data) ? data : { value: data });

/** The field that explains the value: the declared one, else the first text or weather. */
const captionField = (record: Values, name: string, display: Display): string | undefined =>
  display.caption ?? fieldsOf(record, display).find((field) => field !== name && (isWords(fieldOf(record, field)) || unitOf(record, field, display) === 'weather_code'));

const isWords = (value: unknown): boolean => typeof value === 'string' && !momentOf(value) && !safeUrl(value);

/** One big value with its caption, and the other facts below. */
export function drawFigure(data: any, display: Display): HTMLElement {
  const record = asRecord(data);
  const name = valueField(record, display);
  const caption = captionField(record, name, display);
  const others = fieldsOf(record, display).filter((field) => field !== name && field !== caption);
  const hasCaption = caption !== undefined && isScalar(fieldOf(record, caption)) && fieldOf(record, caption) !== undefined;
  return h('div', { class: 'figure' }, [
    h('div', { class: 'figure-top' }, [
      h('div', {}, [
        h('p', { class: 'figure-value', part: 'figure' }, drawField(record, name, display)),
        hasCaption ? h('p', { class: 'figure-caption' }, drawField(record, caption, display)) : isRecord(data) && h('p', { class: 'figure-caption' }, labelOf(name, display, unitOf(record, name, display))),
      ]),
      historyPlace(display),
    ]),
    isRecord(data) && drawDetails(record, others, display),
  ]);
}

/** Where the history of a value is drawn by whoever can ask for it. */
const historyPlace = ({ history }: Display): HTMLElement | null => (history ? h('div', { class: 'history' }) : null);

const ARC = 'M 12 62 A 48 48 0 0 1 108 62';
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
  const unit = unitOf(record, name, display);
  const end = (given: number | string | undefined, fallback: number): number =>
    Number(typeof given === 'string' ? fieldOf(record, given) : (given ?? fallback));
  const [min, max] = [end(display.min, 0), end(display.max, unit === 'ratio' ? 1 : 100)];
  const share = shareOf(value, min, max);
  const level = levelOf(value, own(display.thresholds, name));
  const dash = `${(share * ARC_LENGTH).toFixed(1)} ${ARC_LENGTH.toFixed(1)}`;
  const label = labelOf(name, display, unit);
  const others = display.fields?.filter((field) => field !== name && field !== display.max && field !== display.min) ?? [];
  return h('div', {}, [
    h('div', { class: 'gauge', 'data-level': level }, [
      svg('svg', { viewBox: '0 0 120 72', role: 'img', 'aria-label': `${label}: ${writeText(value, unit)}` }, [
        svg('path', { class: 'gauge-track', d: ARC }),
        share > 0 && svg('path', { class: 'gauge-value', part: 'gauge', d: ARC, 'stroke-dasharray': dash }),
      ]),
      h('p', { class: 'gauge-text', 'aria-hidden': 'true' }, drawValue(value, unit)),
      h('p', { class: 'gauge-ends', 'aria-hidden': 'true' }, h('span', {}, writeText(min, unit)), h('span', {}, label), h('span', {}, writeText(max, unit))),
    ]),
    historyPlace(display),
    drawDetails(record, others.filter((field) => fieldOf(record, field) !== undefined), display),
  ]);
}
