/** The panel to add a block, or to change the inputs of one: paste an address or choose from the list. */

import { h, safeUrl } from './dom.js';
import { createInputField, placeErrors, readFields } from './forms.js';
import { offersFor } from './matching.js';

/** @typedef {import('./matching.js').Offer} Offer */
/** @typedef {import('@patchbay/client').Block} Block */
/** @typedef {import('./drawer.js').Drawer} Drawer */

/**
 * The inputs of a block as fields. What the address says is not asked for where an address is: pasted, or asked for by
 * the block itself.
 *
 * @param {Block} block
 * @param {Record<string, any>} values
 */
function inputFields(block, values) {
  const isByAddress = values.url !== undefined || block.config_schema?.url !== undefined;
  return (block.inputs ?? [])
    .filter(({ name, from_url: isSaid }) => !(isByAddress && isSaid) || values[name] !== undefined)
    .map((input) => {
      // What an action needs may be entered when it is run.
      const optional = Boolean(input.from_config) || block.action !== undefined;
      const isAddress = input.name === 'url' && Boolean(block.url_patterns?.length) && isByAddress;
      return createInputField({ ...input, required: !optional && (input.required || isAddress) }, values, optional);
    });
}

/**
 * The first field that is needed and was left empty.
 *
 * @param {Block} block
 * @param {import('./forms.js').Field[]} fields
 * @param {Record<string, any>} parameters
 */
function missingField(block, fields, parameters) {
  const said = new Set((block.inputs ?? []).filter((input) => input.from_url).map(({ name }) => name));
  return fields
    .filter(({ name }) => parameters[name] === undefined && !(parameters.url !== undefined && said.has(name)))
    .find(({ element }) => element.querySelector('[required]'));
}

/**
 * A form for the inputs of one block.
 *
 * @param {Offer} offer
 * @param {{ values: Record<string, any>, verb: string, errors?: Record<string, string[]> | null,
 *           done: (parameters: Record<string, any>) => void }} options
 */
export function drawInputs({ integration, block }, { values, verb, errors = null, done }) {
  const fields = inputFields(block, values);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const parameters = readFields(fields);
    if (!parameters) return;
    const missing = missingField(block, fields, parameters);
    if (missing) {
      missing.complain(['This is needed.']);
      missing.focus();
      return;
    }
    done(parameters);
  };
  const form = h('form', { class: 'inputs-form', novalidate: true, onsubmit: submit }, [
    h('p', { class: 'settings-about' }, block.description ?? integration.description ?? ''),
    fields.map((field) => field.element),
    fields.length === 0 && h('p', { class: 'none' }, 'This block needs no input.'),
    h('div', { class: 'form-actions' }, h('button', { class: 'button primary' }, verb)),
  ]);
  placeErrors(fields, errors);
  return form;
}

/**
 * @param {Offer} offer
 * @param {(offer: Offer) => void} choose
 * @param {boolean} [isAlone] Away from its integration's heading.
 */
function offerButton(offer, choose, isAlone = false) {
  const { integration, block } = offer;
  const attributes = { type: 'button', class: 'offer', 'data-offer': `${integration.id}/${block.id}` };
  return h('button', { ...attributes, onclick: () => choose(offer) }, [
    h('span', { class: 'offer-text' }, h('strong', {}, block.name ?? block.id), [
      h('span', {}, [isAlone && integration.name, block.description].filter(Boolean).join(' · ')),
    ]),
  ]);
}

/**
 * All blocks, by integration; with an address, those that can show it.
 *
 * @param {Offer[]} offers
 * @param {(offer: Offer, values: Record<string, any>) => void} choose
 */
export function drawOffers(offers, choose) {
  const found = h('div', { class: 'found', role: 'status' });
  const search = async () => {
    everything.hidden = input.value.trim() !== '';
    const address = safeUrl(input.value) ? input.value.trim() : null;
    if (!address) return found.replaceChildren(input.value.trim() ? h('p', { class: 'none' }, 'That is not a web address.') : '');
    const matching = await offersFor(address, offers);
    if (input.value.trim() !== address) return undefined;
    return found.replaceChildren(
      h('p', { class: 'hint' }, matching.length > 0 ? 'This address can be shown as' : 'No block knows this address.'),
      ...matching.map((offer) => offerButton(offer, () => choose(offer, { url: address }), true)),
    );
  };
  const input = h('input', {
    id: 'paste-address', type: 'text', inputmode: 'url', placeholder: 'https://…', spellcheck: 'false', oninput: search,
  });
  const integrations = [...new Set(offers.map(({ integration }) => integration))];
  const everything = h('div', {}, integrations.map((integration) =>
    h('section', {}, [
      h('h3', {}, integration.name, !integration.enabled && h('span', { class: 'tag' }, 'off')),
      offers.filter((offer) => offer.integration === integration).map((offer) => offerButton(offer, () => choose(offer, {}))),
    ]),
  ));
  return h('div', { class: 'offers' }, [
    h('div', { class: 'field' }, h('label', { for: 'paste-address' }, 'Paste an address'), input, found),
    everything,
  ]);
}
