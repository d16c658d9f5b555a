/** The unit of a field: the declared one, else what its name says of it. */

import { type Display, type Values, fieldOf, own } from './display.ts';

/** What names of fields say of their unit; beside a value that is written with it they say it twice. */
const UNIT_IN_NAME = /(?:^|_)(percent|bytes|bits|bytes_per_second|bits_per_second|seconds|ms|milliseconds)$/;
const UNIT_BY_ENDING: Record<string, string> = {
  percent: 'percent', bytes: 'bytes', bytes_per_second: 'bytes/s', bits_per_second: 'bits/s', seconds: 'seconds', ms: 'milliseconds', milliseconds: 'milliseconds',
};
const COORDINATE = /(?:^|_|\.)(?:latitude|longitude|lat|lon|lng)$/i;
const WEATHER_CODE = /^weather_?code$/i;
/** Numbers that only name something are written without a thousands separator. */
const NAMING = /(?:^|_|\.)(?:id|number|port|year|version|code)$/i;
const MOMENT_IN_NAME = /(?:_at|_on|timestamp|epoch|_time|_date|^time|^date)$/i;
/** 2001 to 2096, in seconds. */
const EPOCH_SECONDS: readonly [number, number] = [1e9, 4e9];

export const unitOf = (record: Values, name: string, display: Display): string => own(display.units, name) ?? guessUnit(name, fieldOf(record, name));

export function guessUnit(name: string, value: unknown): string {
  if (WEATHER_CODE.test(name)) return 'weather_code';
  if (typeof value !== 'number') return '';
  if (COORDINATE.test(name)) return 'coordinate';
  const ending = UNIT_IN_NAME.exec(name)?.[1];
  if (ending) return own(UNIT_BY_ENDING, ending) ?? '';
  if (MOMENT_IN_NAME.test(name)) return isWithin(value) ? 'epoch' : isWithin(value / 1000) ? 'epoch_ms' : '';
  return Number.isInteger(value) && NAMING.test(name) ? 'year' : '';
}

const isWithin = (seconds: number): boolean => seconds >= EPOCH_SECONDS[0] && seconds < EPOCH_SECONDS[1];

/** A name without the unit that stands beside the value anyway. */
export const withoutUnit = (name: string): string => name.replace(UNIT_IN_NAME, '') || name;
