/** Form fields made from declarations: one for each setting of a plugin or input of a block. */

import { h, humanized } from './dom.js';

/** @typedef {import('@patchbay/client').Property} Property */

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {HTMLElement} element
 * @property {() => any} read The value, typed; undefined when it was left out. Throws `FieldError`.
 * @property {(messages: string[]) => void} complain
 * @property {() => void} focus
 */

/**
 * @typedef {object} FieldOptions
 * @property {any} [value] What is set now.
 * @property {string} [placeholder]
 * @property {boolean} [optional] Whether leaving it out is fine whatever the declaration says.
 */

/** What was typed is not even of the field's type. */
export class FieldError extends Error {}

let fieldCount = 0;

/** @param {any} option @returns {{ value: any, label: string }} */
const asOption = (option) =>
  typeof option === 'object' && option !== null
    ? { value: option.value, label: String(option.label ?? option.value) }
    : { value: option, label: String(option) };

/** @param {Property} property @returns {{ value: any, label: string }[] | null} */
function optionsOf(property) {
  const lists = [property.options, property.ui?.options, property.enum];
  return lists.find((list) => Array.isArray(list) && list.length > 0)?.map(asOption) ?? null;
}

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */
/** @typedef {{ control: Control, read: () => any }} Wired */
/** @typedef {(property: Property, options: FieldOptions, attributes: Record<string, any>) => Wired} Maker */

/** @type {Maker} */
function choice(property, { value, optional }, attributes) {
  const options = optionsOf(property) ?? [];
  const mayLeaveOut = optional || !property.required || value === undefined;
  const select = h('select', attributes, [
    mayLeaveOut && h('option', { value: '' }, property.default === undefined ? '–' : `Default (${property.default})`),
    options.map((option, index) =>
      h('option', { value: index, selected: option.value === value }, option.label),
    ),
  ]);
  return { control: select, read: () => (select.value === '' ? undefined : options[Number(select.value)].value) };
}

/** @type {Maker} */
function checkbox(property, { value }, attributes) {
  const initial = value ?? property.default;
  const input = h('input', { ...attributes, type: 'checkbox', checked: initial === true });
  let isTouched = value !== undefined;
  input.addEventListener('change', () => (isTouched = true));
  return { control: input, read: () => (isTouched ? input.checked : undefined) };
}

/** @type {Maker} */
function number(property, { value, placeholder }, attributes) {
  const step = property.type === 'integer' ? 1 : 'any';
  const input = h('input', {
    ...attributes, type: 'number', step, min: property.min, max: property.max, value, placeholder,
  });
  const read = () => {
    if (input.validity.badInput) throw new FieldError('This must be a number.');
    return input.value === '' ? undefined : Number(input.value);
  };
  return { control: input, read };
}

/** @type {Maker} */
function json(property, { value }, attributes) {
  const shown = value === undefined ? '' : JSON.stringify(value, null, 2);
  const area = h('textarea', { ...attributes, rows: 4, spellcheck: 'false' }, shown);
  const read = () => {
    if (!area.value.trim()) return undefined;
    try {
      return JSON.parse(area.value);
    } catch {
      throw new FieldError('This must be JSON.');
    }
  };
  return { control: area, read };
}

/** @type {Maker} */
function choices(property, { value }, attributes) {
  const options = optionsOf(property) ?? [];
  const chosen = value ?? property.default ?? [];
  const select = h('select', { ...attributes, multiple: true, size: Math.min(options.length, 8) }, [
    options.map((option, index) => h('option', { value: index, selected: chosen.includes(option.value) }, option.label)),
  ]);
  let isTouched = value !== undefined;
  select.addEventListener('change', () => (isTouched = true));
  const read = () => [...select.selectedOptions].map((option) => options[Number(option.value)].value);
  return { control: select, read: () => (isTouched ? read() : undefined) };
}

/** @type {Maker} */
function paragraphs(_property, { value, placeholder }, attributes) {
  const area = h('textarea', { ...attributes, rows: 4, placeholder }, value ?? '');
  return { control: area, read: () => (area.value === '' ? undefined : area.value) };
}

/** What each control for a moment can show; what it cannot is edited as text. */
const MOMENTS = {
  date: { type: 'date', shows: /^\d{4}-\d\d-\d\d$/ },
  time: { type: 'time', shows: /^\d\d:\d\d(:\d\d)?$/ },
  datetime: { type: 'datetime-local', shows: /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?$/ },
};

/** @param {Property} property @param {any} value @returns {string} The type of the control for a line. */
function lineType(property, value) {
  if (property.type === 'password') return 'password';
  const kind = property.type === undefined || property.type === 'string' ? property.format : property.type;
  const moment = MOMENTS[/** @type {keyof typeof MOMENTS} */ (kind)];
  return moment && (value === undefined || moment.shows.test(value)) ? moment.type : 'text';
}

/** @type {Maker} */
function line(property, { value, placeholder }, attributes) {
  // An address with a placeholder or a bare host is the server's to judge, so the browser only helps with the keyboard.
  const keyboards = { uri: 'url', url: 'url', email: 'email' };
  const inputmode = keyboards[/** @type {keyof typeof keyboards} */ (property.format ?? property.type)];
  const type = lineType(property, value);
  const input = h('input', { ...attributes, type, inputmode, value, placeholder, spellcheck: 'false', autocomplete: 'off' });
  const read = () => {
    if (input.validity.badInput) throw new FieldError('This is not complete.');
    return input.value === '' ? undefined : input.value;
  };
  return { control: input, read };
}

/** @type {Maker} A picker for what it can show, which is never without a color; any other CSS color is a line. */
function color(property, options, attributes) {
  const shown = options.value ?? property.default;
  if (shown !== undefined && !/^#[0-9a-f]{6}$/i.test(shown)) return line(property, options, attributes);
  const input = h('input', { ...attributes, type: 'color', value: shown });
  let isTouched = options.value !== undefined;
  input.addEventListener('input', () => (isTouched = true));
  return { control: input, read: () => (isTouched ? input.value : undefined) };
}

/** @type {Maker} */
function secret(_property, { placeholder }, attributes) {
  const input = h('input', { ...attributes, type: 'password', placeholder, autocomplete: 'new-password' });
  return { control: input, read: () => (input.value === '' ? undefined : input.value) };
}

/** @param {Property} property @returns {Maker} */
function makerOf(property) {
  if (property.secure) return secret;
  if (property.type === 'multiselect') return choices;
  if (optionsOf(property)) return choice;
  const byType = { boolean: checkbox, integer: number, number, object: json, array: json, text: paragraphs, color };
  return byType[/** @type {keyof typeof byType} */ (property.type)] ?? line;
}

/**
 * A labelled field for one declared value.
 *
 * @param {Property} property
 * @param {FieldOptions} [options]
 * @param {import('./dom.js').Child} [aside] What stands below the control.
 * @returns {Field}
 */
export function createField(property, options = {}, aside = null) {
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
  const label = property.ui?.label ?? humanized(property.name);
  const error = h('p', { id: `${id}-error`, class: 'field-error' });
  const isBoolean = control instanceof HTMLInputElement && control.type === 'checkbox';
  const element = h('div', { class: isBoolean ? 'field field-check' : 'field', 'data-field': property.name }, [
    h('label', { for: id }, label, property.required && h('span', { class: 'required' }, ' (required)')),
    control,
    aside,
    h('p', { id: `${id}-help`, class: 'field-help' }, property.ui?.help ?? property.description ?? ''),
    error,
  ]);
  const complain = (/** @type {string[]} */ messages) => {
    error.textContent = messages.join(' ');
    control.toggleAttribute('aria-invalid', messages.length > 0);
  };
  return { name: property.name, element, read: isFixed ? () => undefined : read, complain, focus: () => control.focus() };
}

/**
 * A labelled field for one input of a block.
 *
 * @param {import('@patchbay/client').Input} input
 * @param {Record<string, any>} values What is entered already, by name.
 * @param {boolean} optional
 * @returns {Field}
 */
export function createInputField({ label, ui = {}, from_config: setting, ...declared }, values, optional) {
  const placeholder = setting ? 'As in the settings' : undefined;
  const property = { ...declared, type: declared.type ?? undefined, ui: { label, ...ui } };
  return createField(property, { value: values[declared.name], optional, placeholder });
}

/** @param {Property} property */
const defaultHint = (property) =>
  property.default === undefined || typeof property.default === 'object' ? undefined : String(property.default);

/**
 * The values of all fields that were filled in; null when one cannot be read, which then says so.
 *
 * @param {Field[]} fields
 * @returns {Record<string, any> | null}
 */
export function readFields(fields) {
  /** @type {Record<string, any>} */
  const values = {};
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

/**
 * Shows a server's errors at the fields they are about, and returns those that are about none of them.
 *
 * @param {Field[]} fields
 * @param {Record<string, string[]> | null} errors
 * @returns {string[]}
 */
export function placeErrors(fields, errors) {
  const homeless = [];
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
