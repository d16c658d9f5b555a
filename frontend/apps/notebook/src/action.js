/** A block that changes something: its inputs, its button, the question before, and how it went. */

import { PatchbayError } from '@patchbay/client';
import { adviceFor, failureOfError } from './advice.js';
import { h, icon, withCode } from './dom.js';
import { createInputField, placeErrors, readFields } from './forms.js';

/** @typedef {import('@patchbay/client').Action} Action */
/** @typedef {import('@patchbay/client').Performed} Performed */
/** @typedef {import('./advice.js').Failure} Failure */

/**
 * @typedef {object} ActionHost What an action needs of its block.
 * @property {Record<string, any>} parameters What was entered when it was placed.
 * @property {(parameters: Record<string, any>) => Promise<Performed>} run
 * @property {(performed: Performed) => import('./dom.js').Child} draw What the provider answered.
 * @property {(failure: Failure) => import('./dom.js').Child} remedy
 * @property {(blocks: string[]) => void} renewed
 * @property {(text: string) => void} announce
 */

/** The second click of a double click must find the button still resting after a fast answer. */
const REST_MILLISECONDS = 700;

const OUTCOMES = {
  refused: 'Nothing was changed.',
  unknown: 'It may have been carried out. Look at the provider before you run it again.',
  partial: 'A part of it was carried out.',
};

/**
 * @param {Action} action
 * @param {ActionHost} host
 * @returns {HTMLElement}
 */
export function drawAction(action, host) {
  const fields = action.inputs.map((input) => createInputField(input, host.parameters, Boolean(input.from_config)));
  const button = h('button', { class: 'button primary', 'data-act': true }, action.label);
  const outcome = h('div', { class: 'action-outcome', role: 'status' });
  // A button that is disabled would lose the focus.
  const rest = (/** @type {boolean} */ isResting) => button.setAttribute('aria-disabled', String(isResting));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (button.ariaDisabled === 'true') return;
    const parameters = readFields(fields);
    if (!parameters) return;
    rest(true);
    if (await isConfirmed(action)) await show(outcome, fields, host, host.run(parameters));
    setTimeout(rest, REST_MILLISECONDS, false);
  };
  return h('form', { class: 'action-form', novalidate: true, onsubmit: submit }, [
    fields.map((field) => field.element),
    h('div', { class: 'form-actions' }, button),
    outcome,
  ]);
}

/**
 * Whether a person says yes to what is asked before; at once where nothing is asked.
 *
 * @param {Action} action
 * @returns {Promise<boolean>}
 */
function isConfirmed({ label, confirm }) {
  if (!confirm) return Promise.resolve(true);
  const yes = h('button', { value: 'yes', class: 'button primary' }, label);
  const dialog = h('dialog', { class: 'confirm', 'aria-label': label }, [
    h('form', { method: 'dialog' }, [
      h('p', {}, confirm),
      h('div', { class: 'form-actions' }, yes, h('button', { value: '', class: 'button', autofocus: true }, 'Cancel')),
    ]),
  ]);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    dialog.showModal();
  });
}

/**
 * @param {HTMLElement} outcome
 * @param {import('./forms.js').Field[]} fields
 * @param {ActionHost} host
 * @param {Promise<Performed>} running
 */
async function show(outcome, fields, host, running) {
  outcome.replaceChildren(h('p', {}, 'Running …'));
  outcome.dataset.outcome = 'running';
  try {
    const performed = await running;
    outcome.dataset.outcome = 'done';
    outcome.replaceChildren(h('p', {}, 'Done.'));
    const drawn = performed.data === null ? null : host.draw(performed);
    if (drawn) outcome.append(h('div', { 'data-drawn': true }, drawn));
    host.announce('Done.');
    host.renewed(performed.renewed);
  } catch (error) {
    if (!(error instanceof PatchbayError)) throw error;
    outcome.dataset.outcome = error.problem?.outcome ?? 'failed';
    const elsewhere = placeErrors(fields, error.errors);
    outcome.replaceChildren(failureBox(error, elsewhere, host));
    host.announce(adviceFor(failureOfError(error)).title);
    host.renewed(error.problem?.renewed ?? []);
  }
}

/** @param {PatchbayError} error @param {string[]} elsewhere What is wrong with no field here. @param {ActionHost} host */
function failureBox(error, elsewhere, host) {
  const failure = failureOfError(error);
  const { title, remedy } = adviceFor(failure);
  const outcome = error.problem?.outcome;
  return h('div', { class: 'failure' }, [
    h('h3', { class: 'failure-title' }, icon('alert'), title),
    h('p', {}, withCode(failure.detail)),
    failure.upstreamMessage !== null && h('p', {}, 'It says: ', h('q', {}, failure.upstreamMessage)),
    elsewhere.length > 0 && h('ul', {}, elsewhere.map((line) => h('li', {}, line))),
    outcome && h('p', {}, OUTCOMES[outcome]),
    // Another run is what the button is for, and the inputs are right here.
    !['retry', 'inputs'].includes(remedy) && host.remedy(failure),
  ]);
}
