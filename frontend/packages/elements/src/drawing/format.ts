/**
 * Values as people write them, by `Intl`. A unit that is listed in `WRITERS` changes how a number is written; any other
 * one stands behind it.
 */

import type { IconName } from '../icons.ts';
import { own } from './display.ts';

const language = (): string | undefined => globalThis.navigator?.language;

const cached = new Map<string, Intl.NumberFormat>();
function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language()} ${JSON.stringify(options)}`;
  const format = cached.get(key) ?? new Intl.NumberFormat(language(), options);
  cached.set(key, format);
  return format;
}

/** A number and its unit apart, so that they can be set in different sizes. */
export interface Written {
  text: string;
  unit: string;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const BIT_UNITS = ['bit', 'kbit', 'Mbit', 'Gbit', 'Tbit', 'Pbit'];

function scaled(value: number, units: string[], per = ''): Written {
  let amount = value;
  let at = 0;
  while (Math.abs(amount) >= 999.5 && at < units.length - 1) {
    amount /= 1000;
    at += 1;
  }
  const digits = at === 0 || Math.abs(amount) >= 99.95 ? 0 : 1;
  return { text: numberFormat({ maximumFractionDigits: digits }).format(amount), unit: `${units[at]}${per}` };
}

/** `2 d 4 h`, `3 min 5 s`, `12 ms`: the two largest parts of a time in seconds. */
function duration(seconds: number): Written {
  if (Math.abs(seconds) < 1 && seconds !== 0) return { text: plain(Math.round(seconds * 1000)), unit: 'ms' };
  const parts: [number, string][] = [[86_400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  let left = Math.round(Math.abs(seconds));
  const used: string[] = [];
  for (const [size, name] of parts) {
    const count = Math.floor(left / size);
    if (count > 0 || (used.length === 0 && size === 1)) used.push(`${plain(count)} ${name}`);
    else if (used.length > 0) break;
    left -= count * size;
    if (used.length === 2) break;
  }
  return { text: (seconds < 0 ? '−' : '') + used.join(' '), unit: '' };
}

const percent = (value: number): Written => ({ text: plain(value, Math.abs(value) < 10 ? 1 : 0), unit: '%' });

/** Significant digits for what is small, so that 0.07 and 0.000423 keep theirs; two decimals for the rest. */
function plain(value: number, decimals = 2): string {
  const isTiny = value !== 0 && Math.abs(value) < 0.1;
  return numberFormat(isTiny ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: decimals }).format(value);
}

const WRITERS: Record<string, (value: number) => Written> = {
  bytes: (value) => scaled(value, BYTE_UNITS),
  'bytes/s': (value) => scaled(value, BYTE_UNITS, '/s'),
  'bits/s': (value) => scaled(value, BIT_UNITS, '/s'),
  seconds: duration,
  milliseconds: (value) => duration(value / 1000),
  percent,
  ratio: (value) => percent(value * 100),
  compact: (value) => ({ text: numberFormat({ notation: 'compact', maximumFractionDigits: 1 }).format(value), unit: '' }),
  coordinate: (value) => ({ text: numberFormat({ maximumFractionDigits: 4 }).format(value), unit: '' }),
  year: (value) => ({ text: String(value), unit: '' }),
};
const ALIASES: Record<string, string> = {
  B: 'bytes', byte: 'bytes', 'B/s': 'bytes/s', 'bit/s': 'bits/s', bps: 'bits/s', s: 'seconds', duration: 'seconds',
  ms: 'milliseconds', '%': 'percent',
};
/** Units that make a number a moment: seconds or milliseconds since 1970. */
const EPOCHS: Record<string, number> = { epoch: 1000, epoch_ms: 1 };
/** ISO 4217. */
const CURRENCY = /^[A-Z]{3}$/;

/** A number without a unit may be a rate: what is below ten keeps four decimals. */
const decimalsOf = (value: number): number => (Math.abs(value) < 10 ? 4 : 2);

/** A number and its unit; the unit begins with the space that stands before it, if one does. */
export function writeNumber(value: number, unit = ''): Written {
  const write = own(WRITERS, own(ALIASES, unit) ?? unit);
  const { text, unit: shown } = write ? write(value) : CURRENCY.test(unit) ? { text: money(value, unit), unit: '' } : { text: plain(value, unit ? 2 : decimalsOf(value)), unit };
  return { text, unit: shown && !STANDS_CLOSE.test(shown) ? `\u00a0${shown}` : shown };
}

export function writeText(value: number, unit = ''): string {
  const written = writeNumber(value, unit);
  return written.text + written.unit;
}

/** Degrees and percent follow their number without a space. */
const STANDS_CLOSE = /^[°′″%]/;

function money(value: number, currency: string): string {
  // A rate or a cheap coin needs more than cents.
  const digits = value !== 0 && Math.abs(value) < 1 ? { maximumSignificantDigits: 4 } : {};
  try {
    return numberFormat({ style: 'currency', currency, currencyDisplay: 'narrowSymbol', ...digits }).format(value);
  } catch {
    return `${plain(value)} ${currency}`;
  }
}

const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;
const ISO_MOMENT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;

/** Whether a value is a day without a time. */
export const isDay = (value: unknown): value is string => typeof value === 'string' && ISO_DAY.test(value);

/** The moment that a value stands for; null when it stands for none. Bare days are days in UTC. */
export function momentOf(value: unknown, unit = ''): Date | null {
  const scale = own(EPOCHS, unit);
  const isMoment = scale !== undefined ? Number.isFinite(Number(value)) && value !== null : typeof value === 'string' && (ISO_DAY.test(value) || ISO_MOMENT.test(value));
  if (!isMoment) return null;
  const at = scale !== undefined ? new Date(Number(value) * scale) : new Date(value as string);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** `Mon 5 May`, with the year where it is another one, and the time where there is one. */
export function writeMoment(value: unknown, at: Date): string {
  if (isDay(value)) return writeDay(at, 'UTC');
  const isThisYear = at.getFullYear() === new Date().getFullYear();
  const options: Intl.DateTimeFormatOptions = isThisYear
    ? { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }
    : { dateStyle: 'medium', timeStyle: 'short' };
  return new Intl.DateTimeFormat(language(), options).format(at);
}

export function writeDay(at: Date, timeZone?: string): string {
  const isThisYear = at.getFullYear() === new Date().getFullYear();
  const options: Intl.DateTimeFormatOptions = isThisYear
    ? { weekday: 'short', day: 'numeric', month: 'short' }
    : { dateStyle: 'medium' };
  return new Intl.DateTimeFormat(language(), { ...options, timeZone }).format(at);
}

/** `4 May`, for the axis of a chart. */
export const writeShortDay = (at: Date, timeZone?: string): string =>
  new Intl.DateTimeFormat(language(), { day: 'numeric', month: 'short', timeZone }).format(at);

export const writeTime = (at: Date): string => new Intl.DateTimeFormat(language(), { timeStyle: 'short' }).format(at);

/** Coarsest first: how many seconds each unit has. */
const RELATIVE: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400], ['hour', 3600], ['minute', 60]];

/** `5 minutes ago`, for a distance in seconds; negative is past. */
export function writeDistance(seconds: number, style: 'long' | 'narrow' = 'long'): string {
  const [unit, size] = RELATIVE.find(([, length]) => Math.abs(seconds) >= length) ?? (['second', 1] as const);
  const format = new Intl.RelativeTimeFormat(language(), { numeric: 'auto', style });
  return format.format(unit === 'second' && Math.abs(seconds) < 45 ? 0 : Math.round(seconds / size), unit);
}

/** WMO code table 4677, as weather services send it. */
const WEATHER: [codes: number[], icon: IconName, words: string][] = [
  [[0], 'sun', 'Clear'], [[1], 'sun-medium', 'Mostly clear'], [[2], 'cloud-sun', 'Partly cloudy'], [[3], 'cloud', 'Overcast'],
  [[45, 48], 'fog', 'Fog'], [[51, 53, 55, 56, 57], 'drizzle', 'Drizzle'], [[61, 63, 65, 66, 67], 'rain', 'Rain'],
  [[71, 73, 75, 77], 'snow', 'Snow'], [[80, 81, 82], 'showers', 'Rain showers'], [[85, 86], 'snow', 'Snow showers'],
  [[95, 96, 99], 'thunder', 'Thunderstorm'],
];

/** Icon and words of a weather code; null for a number that is none. */
export function weatherOf(code: unknown): { icon: IconName; words: string } | null {
  const found = WEATHER.find(([codes]) => codes.includes(code as number));
  return found ? { icon: found[1], words: found[2] } : null;
}
