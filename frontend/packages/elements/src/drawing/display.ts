/** How a block wants to be drawn. Every member is optional; what is not said is guessed from the data. */

export const KINDS = [
  'figure', 'gauge', 'status', 'facts', 'table', 'list', 'feed', 'article', 'image', 'line', 'bars', 'timeline', 'map',
] as const;
export type Kind = (typeof KINDS)[number];
export type Level = 'good' | 'warn' | 'bad';

/** From a value on, or below one, a number has a level. The last one that applies counts. */
export interface Threshold {
  from?: number;
  below?: number;
  level: Level;
}

export interface Display {
  kind?: Kind;
  /** The mark beside the title, instead of the integration's: `si:github`, `lucide:cloud-sun`. */
  icon?: string;
  /** The field that a figure, gauge or status shows. */
  value?: string;
  /** The field that explains it. */
  caption?: string;
  /** The field that titles the block, instead of its name. */
  title?: string;
  /** Which fields, in this order. A name with dots leads into the value. */
  fields?: string[];
  /** Names for people, by field. */
  labels?: Record<string, string>;
  /** Units by field; `format.ts` lists the ones that change how a value is written. */
  units?: Record<string, string>;
  thresholds?: Record<string, Threshold[]>;
  /** By field: what its text is written in. */
  formats?: Record<string, 'markdown'>;
  /** How many rows or entries are shown at first. */
  limit?: number;
  /** Which numbers keep their past; `value` when no fields are named. */
  history?: { keep?: string; fields?: string[] };
  /** By field: the field that holds the address it links to. */
  links?: Record<string, string>;
  /** The ends of a gauge; numbers, or fields that hold them. */
  min?: number | string;
  max?: number | string;
  /** The field along the axis of a chart, or of the moment in a timeline. */
  x?: string;
  /** The fields that hold the coordinates on a map. */
  latitude?: string;
  longitude?: string;
}

export type Values = Record<string, any>;

export const isRecord = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object';
export const isRecords = (value: unknown): value is Values[] =>
  Array.isArray(value) && value.length > 0 && value.every(isRecord);

/** The entry for a name that is data: what objects inherit is none of them. */
export const own = <Value>(map: Record<string, Value> | undefined, name: string): Value | undefined =>
  map && Object.hasOwn(map, name) ? map[name] : undefined;

/** The value of a field, by its name or by names with dots between them. */
export function fieldOf(record: Values, name: string): any {
  if (Object.hasOwn(record, name)) return record[name];
  return name.split('.').reduce<any>((value, part) => (isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined), record);
}

/** The level of a number; null where no threshold applies. */
export function levelOf(value: unknown, thresholds: readonly Threshold[] = []): Level | null {
  if (typeof value !== 'number') return null;
  const applying = thresholds.filter(({ from = -Infinity, below = Infinity }) => value >= from && value < below);
  return applying.at(-1)?.level ?? null;
}

/** Lists of equal length stand for the columns of a table (`{days: […], high: […]}`): its rows, else null. */
export function rowsOfColumns(record: Values, fields: readonly string[] = Object.keys(record)): Values[] | null {
  const columns = fields.filter((name) => Array.isArray(fieldOf(record, name)));
  const lists: any[][] = columns.map((name) => fieldOf(record, name));
  const length = lists.length > 1 ? (lists[0]?.length ?? 0) : 0;
  if (length < 2 || !lists.every((list) => list.length === length && list.every(isScalar))) return null;
  return Array.from({ length }, (_, row) => Object.fromEntries(columns.map((name, at) => [name, lists[at]?.[row]])));
}

/** The names under which providers send the same thing, the most telling first. */
export const TITLE = ['title', 'name', 'full_name', 'headline', 'label', 'og:title'];
export const ADDRESS = ['html_url', 'url', 'link', 'href', 'og:url'];
/** Pictures of entries, where they come as data. */
export const IMAGE = ['image', 'thumbnail', 'picture', 'avatar', 'icon'];
export const SUMMARY = ['description', 'summary', 'excerpt', 'body', 'og:description'];
export const SOURCE = ['site_name', 'source', 'author', 'og:site_name'];
export const MOMENT = ['published', 'published_at', 'start', 'starts_at', 'time', 'at', 'date', 'updated', 'updated_at', 'created_at'];
export const ENTRIES = ['entries', 'items', 'articles', 'posts', 'results', 'events'];
export const STATUS = ['status', 'state', 'health', 'conclusion', 'online', 'up'];

/** The first of these fields that holds something to read. */
export function firstText(record: Values, names: readonly string[]): string {
  const name = names.find((candidate) => typeof record[candidate] === 'string' && record[candidate].trim());
  return name ? record[name] : '';
}
