/** Form fields made from declarations: one for each setting of a plugin or input of a block. */

import type { FieldErrors, Input, Inputs, Property } from '@patchbay/client';

import { type Child, h, humanized } from './dom.ts';

export interface Field {
  name: string;
  element: HTMLElement;
  /** The value, typed; undefined when it was left out. Throws `FieldError`. */
  read: () => unknown;
  complain: (messages: string[]) => void;
  focus: () => void;
}

export interface FieldOptions {
  /** What is set now. */
  value?: any;
  placeholder?: string;
  /** Whether leaving it out is fine whatever the declaration says. */
  optional?: boolean;
}

/** What was typed is not even of the field's type. */
export class FieldError extends Error {}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
type Attributes = Record<string, unknown>;
type Maker = (property: Property, options: FieldOptions, attributes: Attributes) => { control: Control; read: () => unknown };

let fieldCount = 0;

interface Option {
  value: any;
  label: string;
}

function optionsOf(property: Property): Option[] | null {
  const lists: (any[] | undefined)[] = [property.options, property.ui?.options, property.enum];
  const found = lists.find((list) => Array.isArray(list) && list.length > 0);
  return found?.map((option) =>
    typeof option === 'object' && option !== null
      ? { value: option.value, label: String(option.label ?? option.value) }
      : { value: option, label: String(option) },
  ) ?? null;
}

const choice: Maker = (property, { value, optional }, attributes) => {
  const options = optionsOf(property) ?? [];
  const mayLeaveOut = optional || !property.required || value === undefined;
  const select = h('select', attributes, [
    mayLeaveOut && h('option', { value: '' }, property.default === undefined ? '–' : `Default (${property.default})`),
    options.map((option, index) => h('option', { value: index, selected: option.value === value }, option.label)),
  ]);
  return { control: select, read: () => (select.value === '' ? undefined : options[Number(select.value)]?.value) };
};

const choices: Maker = (property, { value }, attributes) => {
  const options = optionsOf(property) ?? [];
  const chosen: unknown[] = value ?? property.default ?? [];
  const select = h('select', { ...attributes, multiple: true, size: Math.min(options.length, 8) }, [
    options.map((option, index) => h('option', { value: index, selected: chosen.includes(option.value) }, option.label)),
  ]);
  let isTouched = value !== undefined;
  select.addEventListener('change', () => (isTouched = true));
  const read = (): unknown[] => [...select.selectedOptions].map((option) => options[Number(option.value)]?.value);
  return { control: select, read: () => (isTouched ? read() : undefined) };
};

const checkbox: Maker = (property, { value }, attributes) => {
  const input = h('input', { ...attributes, type: 'checkbox', checked: (value ?? property.default) === true });
  let isTouched = value !== undefined;
  input.addEventListener('change', () => (isTouched = true));
  return { control: input, read: () => (isTouched ? input.checked : undefined) };
};

const number: Maker = (property, { value, placeholder }, attributes) => {
  const step = property.type === 'integer' ? 1 : 'any';
  const input = h('input', { ...attributes, type: 'number', step, min: property.min, max: property.max, value, placeholder });
  const read = (): unknown => {
    if (input.validity.badInput) throw new FieldError('This must be a number.');
    return input.value === '' ? undefined : Number(input.value);
  };
  return { control: input, read };
};

const json: Maker = (_property, { value }, attributes) => {
  const shown = value === undefined ? '' : JSON.stringify(value, null, 2);
  const area = h('textarea', { ...attributes, rows: 4, spellcheck: 'false' }, shown);
  const read = (): unknown => {
    if (!area.value.trim()) return undefined;
    try {
      return JSON.parse(area.value);
    } catch {
      throw new FieldError('This must be JSON.');
    }
  };
  return { control: area, read };
};

const paragraphs: Maker = (_property, { value, placeholder }, attributes) => {
  const area = h('textarea', { ...attributes, rows: 4, placeholder }, value ?? '');
  return { control: area, read: () => (area.value === '' ? undefined : area.value) };
};

/** What each control for a moment can show; what it cannot is edited as text. */
const MOMENTS: Record<string, { type: string; shows: RegExp }> = {
  date: { type: 'date', shows: /^\d{4}-\d\d-\d\d$/ },
  time: { type: 'time', shows: /^\d\d:\d\d(:\d\d)?$/ },
  datetime: { type: 'datetime-local', shows: /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?$/ },
};

function lineType(property: Property, value: unknown): string {
  if (property.type === 'password') return 'password';
  const kind = !property.type || property.type === 'string' ? property.format : property.type;
  const moment = MOMENTS[kind ?? ''];
  return moment && (value === undefined || moment.shows.test(String(value))) ? moment.type : 'text';
}

/** An address with a placeholder or a bare host is the server's to judge, so the browser only offers the keyboard. */
const KEYBOARDS: Record<string, string> = { uri: 'url', url: 'url', email: 'email' };

const line: Maker = (property, { value, placeholder }, attributes) => {
  const inputmode = KEYBOARDS[property.format ?? property.type ?? ''];
  const type = lineType(property, value);
  const input = h('input', { ...attributes, type, inputmode, value, placeholder, spellcheck: 'false', autocomplete: 'off' });
  const read = (): unknown => {
    if (input.validity.badInput) throw new FieldError('This is not complete.');
    return input.value === '' ? undefined : input.value;
  };
  return { control: input, read };
};

/** A picker for what it can show, which is never without a colour; any other CSS colour is a line. */
const color: Maker = (property, options, attributes) => {
  const shown = options.value ?? property.default;
  if (shown !== undefined && !/^#[0-9a-f]{6}$/i.test(shown)) return line(property, options, attributes);
  const input = h('input', { ...attributes, type: 'color', value: shown });
  let isTouched = options.value !== undefined;
  input.addEventListener('input', () => (isTouched = true));
  return { control: input, read: () => (isTouched ? input.value : undefined) };
};

const secret: Maker = (_property, { placeholder }, attributes) => {
  const input = h('input', { ...attributes, type: 'password', placeholder, autocomplete: 'new-password' });
  return { control: input, read: () => (input.value === '' ? undefined : input.value) };
};

const BY_TYPE: Record<string, Maker> = { boolean: checkbox, integer: number, number, object: json, array: json, text: paragraphs, color };

function makerOf(property: Property): Maker {
  if (property.secure) return secret;
  if (property.type === 'multiselect') return choices;
  return optionsOf(property) ? choice : (BY_TYPE[property.type ?? ''] ?? line);
}

/** A labelled field for one declared value; `aside` stands below the control. */
export function createField(property: Property, options: FieldOptions = {}, aside: Child = null): Field {
  fieldCount += 1;
  const id = `field-${fieldCount}`;
  const isFixed = property.const !== undefined;
  const mustFill = Boolean(property.required) && !property.secure && !options.optional && property.default === undefined;
  const placeholder = options.placeholder ?? property.ui?.placeholder ?? defaultHint(property);
  const { control, read } = makerOf(property)(
    property,
    { ...options, placeholder, value: isFixed ? property.const : options.value },
    { id, name: property.name, disabled: isFixed, required: mustFill, 'aria-describedby': `${id}-help ${id}-error` },
  );
  const error = h('p', { id: `${id}-error`, class: 'field-error' });
  const isCheck = control instanceof HTMLInputElement && control.type === 'checkbox';
  const element = h('div', { class: isCheck ? 'field field-check' : 'field', 'data-field': property.name }, [
    h('label', { for: id }, property.ui?.label ?? humanized(property.name), property.required && h('span', { class: 'required' }, ' (required)')),
    control,
    aside,
    h('p', { id: `${id}-help`, class: 'field-help' }, property.ui?.help ?? property.description ?? ''),
    error,
  ]);
  const complain = (messages: string[]): void => {
    error.textContent = messages.join(' ');
    control.toggleAttribute('aria-invalid', messages.length > 0);
  };
  return { name: property.name, element, read: isFixed ? () => undefined : read, complain, focus: () => control.focus() };
}

/** A labelled field for one input of a block. */
export function createInputField({ label, ui = {}, from_config: setting, ...declared }: Input, values: Inputs, optional: boolean): Field {
  const placeholder = setting ? 'As in the settings' : undefined;
  const property = { ...declared, ui: { label, ...ui } } as Property;
  return createField(property, { value: values[declared.name], optional, placeholder });
}

const defaultHint = (property: Property): string | undefined =>
  property.default === undefined || typeof property.default === 'object' ? undefined : String(property.default);

/** The values of all fields that were filled in; null when one cannot be read, which then says so. */
export function readFields(fields: readonly Field[]): Inputs | null {
  const values: Inputs = {};
  let isReadable = true;
  for (const field of fields) {
    field.complain([]);
    try {
      const value = field.read();
      if (value !== undefined) values[field.name] = value;
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      field.complain([error.message]);
      isReadable = false;
    }
  }
  return isReadable ? values : null;
}

/** Shows a server's errors at the fields they are about, and returns those that are about none of them. */
export function placeErrors(fields: readonly Field[], errors: FieldErrors | null): string[] {
  const homeless: string[] = [];
  let isFocused = false;
  for (const [path, messages] of Object.entries(errors ?? {})) {
    const names = path.split(/[.[\]]+/);
    const field = fields.find(({ name }) => names.includes(name));
    if (!field) {
      homeless.push(`${path}: ${[messages].flat().join(' ')}`);
      continue;
    }
    field.complain([messages].flat());
    if (!isFocused) field.focus();
    isFocused = true;
  }
  return homeless;
}
