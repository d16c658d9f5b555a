/** What a JSON Schema says of a place in a document: which members and values it may have, and what they are. */

export type Schema = Record<string, any>;
export type Path = readonly (string | number)[];

export interface Member {
  name: string;
  schemas: Schema[];
  isRequired: boolean;
}

/** The schemas of a place below others. Alternatives are all of them; conditions are left out. */
export const schemasAt = (root: Schema, from: readonly Schema[], path: Path): Schema[] =>
  path.reduce<Schema[]>((schemas, part) => spread(root, schemas.flatMap((one) => below(one, part))), spread(root, from));

/** The members that an object of these schemas may have, the required ones first. */
export function membersOf(root: Schema, schemas: readonly Schema[]): Member[] {
  const required = new Set(schemas.flatMap(({ required: of = [] }) => of as string[]));
  const names = [...new Set(schemas.flatMap(({ properties = {} }) => Object.keys(properties)))];
  const members = names.map((name) => ({ name, schemas: schemasAt(root, schemas, [name]), isRequired: required.has(name) }));
  return members.sort((one, other) => Number(other.isRequired) - Number(one.isRequired));
}

/** The values that are named for a place. */
export function valuesOf(schemas: readonly Schema[]): unknown[] {
  const values = schemas.flatMap((one) => [...(one.enum ?? []), ...('const' in one ? [one.const] : []), ...(one.type === 'boolean' ? [true, false] : []), ...('default' in one ? [one.default] : [])]);
  const known = new Map(values.filter((value) => typeof value !== 'object').map((value) => [JSON.stringify(value), value]));
  return [...known.values()];
}

/** What a place is, in a few lines; nothing where the schema says nothing. */
export function describe(schemas: readonly Schema[]): string[] {
  const said = schemas.map(({ description }) => description as unknown).filter((text): text is string => typeof text === 'string');
  const facts = schemas.flatMap((one) => factsOf(one));
  return [...new Set([...said, facts.length ? [...new Set(facts)].join(' · ') : ''])].filter(Boolean);
}

function factsOf({ type, enum: named, minimum, maximum, maxLength, pattern, ...more }: Schema): string[] {
  return [
    ...(type ? [[type].flat().join(' or ')] : []),
    ...(named ? [`one of ${named.filter((value: unknown) => typeof value !== 'object').map((value: unknown) => String(value) || '""').join(', ')}`] : []),
    ...(minimum !== undefined ? [`at least ${minimum}`] : []),
    ...(maximum !== undefined ? [`at most ${maximum}`] : []),
    ...(maxLength !== undefined && type === 'string' ? [`up to ${maxLength} characters`] : []),
    ...(pattern && pattern.length <= 60 ? [`matches ${pattern}`] : []),
    ...('default' in more ? [`${JSON.stringify(more.default)} by default`] : []),
  ];
}

function below(schema: Schema, part: string | number): unknown[] {
  if (typeof part === 'number') return [schema.prefixItems?.[part] ?? schema.items];
  const named = schema.properties?.[part];
  return [named === undefined || named === true ? (named ?? schema.additionalProperties) : named];
}

/** The schemas themselves, those that they refer to, and those that they are made of. */
function spread(root: Schema, schemas: readonly unknown[], seen = new Set<unknown>()): Schema[] {
  return schemas.flatMap((schema) => {
    if (typeof schema !== 'object' || schema === null || seen.has(schema)) return [];
    seen.add(schema);
    const one = schema as Schema;
    const parts = [...(one.anyOf ?? []), ...(one.oneOf ?? []), ...(one.allOf ?? []), ...(one.$ref ? [referred(root, one.$ref)] : [])];
    return [one, ...spread(root, parts, seen)];
  });
}

const referred = (root: Schema, reference: string): unknown =>
  reference.replace(/^#\/?/, '').split('/').filter(Boolean).reduce<any>((found, part) => found?.[part.replace(/~1/g, '/').replace(/~0/g, '~')], root);

/** A declaration, a manifest alone, or either while the text does not say. */
export function rootsOf(root: Schema, names: readonly string[]): Schema[] {
  const manifest = schemasAt(root, [root], ['manifest']);
  const isManifest = membersOf(root, manifest).some(({ name }) => !root.properties?.[name] && names.includes(name));
  const isDeclaration = names.some((name) => ['id', 'version', 'manifest'].includes(name));
  if (isDeclaration) return [root];
  return isManifest ? manifest : [root, ...manifest];
}
