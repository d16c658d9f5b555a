/** `<patchbay-inputs integration="…" block="…">`: a form for what a block is asked with. */

import type { Block, Client, FieldErrors, Inputs } from '@patchbay/client';

import { integrationOf, onConfigure, sharedClient } from './connection.ts';
import { h } from './dom.ts';
import { type Field, createInputField, placeErrors, readFields } from './forms.ts';
import { attachStyled } from './styles.ts';

export class PatchbayInputs extends HTMLElement {
  static get observedAttributes(): string[] {
    return ['integration', 'block'];
  }

  #client: Client | null = null;
  #values: Inputs = {};
  #errors: FieldErrors | null = null;
  #block: Block | null = null;
  #fields: Field[] = [];
  #end: () => void = () => {};
  readonly #place = h('form', { part: 'form', novalidate: true, onsubmit: (event: Event) => this.#submit(event), oninput: () => this.#tell() });

  constructor() {
    super();
    attachStyled(this).append(this.#place);
  }

  /** The client that this element uses; the page's own, when none is set. */
  get client(): Client {
    return this.#client ?? sharedClient();
  }
  set client(client: Client | null) {
    this.#client = client;
    this.#restart();
  }

  /** The values that the form begins with; setting them draws it anew. */
  get inputs(): Inputs {
    return this.#values;
  }
  set inputs(inputs: Inputs) {
    this.#values = inputs;
    this.#restart();
  }

  /** What a server said of the inputs, by field. */
  set errors(errors: FieldErrors | null) {
    this.#errors = errors;
    placeErrors(this.#fields, errors);
  }

  /** What was entered; null when something is missing or cannot be read, which the form then says. */
  read(): Inputs | null {
    const inputs = readFields(this.#fields);
    if (!inputs || !this.#block) return null;
    const missing = missingField(this.#block, this.#fields, inputs);
    if (!missing) return inputs;
    missing.complain(['This is needed.']);
    missing.focus();
    return null;
  }

  connectedCallback(): void {
    this.#end = onConfigure(() => this.#restart());
    this.#restart();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(): void {
    this.#restart();
  }

  #isDrawing = false;

  #restart(): void {
    if (!this.isConnected || this.#isDrawing) return;
    this.#isDrawing = true;
    queueMicrotask(() => void this.#draw().finally(() => (this.#isDrawing = false)));
  }

  async #draw(): Promise<void> {
    const [integration, block] = [this.getAttribute('integration') ?? '', this.getAttribute('block') ?? ''];
    const details = await integrationOf(this.client, integration).catch(() => null);
    this.#block = details?.blocks.find(({ id }) => id === block) ?? null;
    if (!this.#block) return this.#place.replaceChildren(h('p', { class: 'none' }, 'This block is not declared.'));
    this.#fields = inputFields(this.#block, this.#values);
    this.#place.replaceChildren(
      ...this.#fields.map(({ element }) => element),
      ...(this.#fields.length === 0 ? [h('p', { class: 'none' }, 'This block needs no input.')] : []),
      // Enter in a field submits a form that has a button.
      h('button', { class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true' }),
    );
    placeErrors(this.#fields, this.#errors);
    this.dispatchEvent(new CustomEvent('patchbay-ready', { bubbles: true, composed: true }));
  }

  #submit(event: Event): void {
    event.preventDefault();
    this.dispatchEvent(new CustomEvent('patchbay-submit', { bubbles: true, composed: true }));
  }

  #tell(): void {
    this.dispatchEvent(new CustomEvent('patchbay-inputs', { bubbles: true, composed: true }));
  }
}

/** The fields of a block. What an address says is not asked for where an address is given, or asked for by the block. */
function inputFields(block: Block, values: Inputs): Field[] {
  const isByAddress = values.url !== undefined || block.config_schema?.url !== undefined;
  return block.inputs
    .filter(({ name, from_url: isSaid }) => !(isByAddress && isSaid) || values[name] !== undefined)
    .map((input) => {
      // What an action needs may be entered when it is run.
      const isOptional = Boolean(input.from_config) || block.action !== undefined;
      const isAddress = input.name === 'url' && Boolean(block.url_patterns?.length) && isByAddress;
      const required = !isOptional && (Boolean(input.required) || isAddress);
      return createInputField({ ...input, required }, values, isOptional);
    });
}

/** The first field that is needed and was left empty. */
function missingField(block: Block, fields: readonly Field[], inputs: Inputs): Field | undefined {
  const said = new Set(block.inputs.filter((input) => input.from_url).map(({ name }) => name));
  return fields
    .filter(({ name }) => inputs[name] === undefined && !(inputs.url !== undefined && said.has(name)))
    .find(({ element }) => element.querySelector('[required]'));
}
