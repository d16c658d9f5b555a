/** Numbers and times as people read them. */

/** One that was made before, because to make one takes longer than to format a hundred values. */
function formatOf<Options extends object, Format>(Kind: new (locale: undefined, options: Options) => Format): (options: Options) => Format {
  const made = new Map<string, Format>();
  return (options) => {
    const key = JSON.stringify(options);
    const format = made.get(key) ?? new Kind(undefined, options);
    made.set(key, format);
    return format;
  };
}
const numbers = formatOf<Intl.NumberFormatOptions, Intl.NumberFormat>(Intl.NumberFormat);
const times = formatOf<Intl.DateTimeFormatOptions, Intl.DateTimeFormat>(Intl.DateTimeFormat);
const distances = formatOf<Intl.RelativeTimeFormatOptions, Intl.RelativeTimeFormat>(Intl.RelativeTimeFormat);

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

export const writeCount = (count: number): string => numbers({}).format(count);

/** `1.4 MB`. */
export function writeBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const scaled = bytes / 1000 ** power;
  return `${numbers({ maximumFractionDigits: scaled < 10 && power > 0 ? 1 : 0 }).format(scaled)} ${UNITS[power]}`;
}

/** `85 ms`, `1.4 s`. */
export function writeMilliseconds(milliseconds: number | null): string {
  if (milliseconds === null) return '–';
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  return `${numbers({ maximumFractionDigits: 2 }).format(milliseconds / 1000)} s`;
}

export const writePercent = (part: number, whole: number): string =>
  whole === 0 ? '–' : numbers({ style: 'percent', maximumFractionDigits: part / whole < 0.1 && part > 0 ? 1 : 0 }).format(part / whole);

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]];

/** `3 minutes ago`, `in 2 hours`; `now` for less than a second. */
export function writeDistance(at: string | number | Date, now = Date.now()): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return distances({ numeric: 'auto' }).format(Math.trunc(seconds / size), unit);
}

/** `2 Mar 2026, 13:00:30`. */
export const writeMoment = (at: string | number | Date): string =>
  times({ dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(at));

/** `2 Mar 2026`. */
export const writeDate = (at: string | number | Date): string => times({ dateStyle: 'medium' }).format(new Date(at));

/** `14:00`. */
export const writeTime = (at: string | number | Date): string => times({ hour: '2-digit', minute: '2-digit' }).format(new Date(at));

/** `2 Mar`. */
export const writeDay = (at: string | number | Date): string => times({ day: 'numeric', month: 'short' }).format(new Date(at));

/** A value for a line of text: objects as short JSON. */
export function writeValue(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `place: Oslo · days: 3`, or nothing for no inputs. */
export const writeInputs = (inputs: Record<string, unknown>): string =>
  Object.entries(inputs).map(([name, value]) => `${name}: ${writeValue(value)}`).join(' · ');

/** `1 call`, `2 calls`. */
export const count = (number: number, one: string, many = `${one}s`): string => `${writeCount(number)} ${number === 1 ? one : many}`;
