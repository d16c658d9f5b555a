/** What can be typed at a place of a manifest, and what stands there: from the JSON Schema of a declaration. */

import { type DocumentPlace, isJson, placeIn } from './places.ts';
import { type Schema, describe, membersOf, rootsOf, schemasAt, valuesOf } from './schemas.ts';

export interface Offer {
  label: string;
  kind: 'name' | 'value';
  /** What is put in. */
  text: string;
  isRequired: boolean;
  about: string[];
}

export interface Offers {
  /** The part of the text that an offer replaces. */
  from: number;
  to: number;
  offers: Offer[];
}

/** What can be typed; null where nothing is known. */
export function offersIn(schema: Schema, text: string, at: number): Offers | null {
  const place = placeIn(text.slice(0, at));
  if (!place) return null;
  const json = isJson(text);
  const to = at + (/^[\w-]*["']?/.exec(text.slice(at))?.[0].length ?? 0);
  const hasColon = /^\s*:/.test(text.slice(to));
  const schemas = schemasOf(schema, place);
  const names = place.kind === 'name' ? membersOf(schema, schemas).filter(({ name }) => !place.siblings.includes(name)) : [];
  // In YAML an item of a list may be a value where nothing says yet that it is an object.
  const values = place.kind === 'value' || (!json && place.siblings.length === 0) ? valuesOf(schemas) : [];
  const offers = [
    ...names.map(({ name, schemas: of, isRequired }): Offer => ({ label: name, kind: 'name', text: `${json ? JSON.stringify(name) : name}${hasColon ? '' : ': '}`, isRequired, about: describe(of) })),
    ...values.map((value): Offer => ({ label: String(value), kind: 'value', text: json ? JSON.stringify(value) : yamlOf(value), isRequired: false, about: [] })),
  ];
  return offers.length ? { from: place.from, to, offers } : null;
}

export interface Explained {
  from: number;
  to: number;
  name: string;
  about: string[];
}

/** What the name at a position means; null where none stands, or nothing is known of it. */
export function explainIn(schema: Schema, text: string, at: number): Explained | null {
  const [start, end] = [at - (/[\w-]*$/.exec(text.slice(0, at))?.[0].length ?? 0), at + (/^[\w-]*/.exec(text.slice(at))?.[0].length ?? 0)];
  if (start === end || !/^["']?\s*:/.test(text.slice(end))) return null;
  const place = placeIn(text.slice(0, end));
  const name = text.slice(start, end);
  if (place?.kind !== 'name' || place.typed !== name) return null;
  const about = describe(schemasAt(schema, schemasOf(schema, place), [name]));
  return about.length ? { from: start, to: end, name, about } : null;
}

const schemasOf = (schema: Schema, { path, siblings, outermost }: DocumentPlace): Schema[] =>
  schemasAt(schema, rootsOf(schema, path.length ? [...outermost, String(path[0])] : [...outermost, ...siblings]), path);

/** Quoted where YAML would read another type, or another structure. */
const yamlOf = (value: unknown): string =>
  typeof value === 'string' && (/^(true|false|null|yes|no|on|off|~|[-+.\d].*|)$/i.test(value) || /[:#{}[\],&*!|>'"%@`]/.test(value)) ? JSON.stringify(value) : String(value);
