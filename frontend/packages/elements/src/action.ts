/** A block that changes something: its inputs, its button, the question before, and how it went. */

import { type Action, type Inputs, PatchbayError, type Performed } from '@patchbay/client';

import { failureOf } from './advice.ts';
import { type Child, h } from './dom.ts';
import { type RemedyButton, drawFailure } from './failure.ts';
import { type Field, createInputField, placeErrors, readFields } from './forms.ts';

/** What an action needs of its block. */
export interface ActionHost {
  inputs: Inputs;
  run: (inputs: Inputs) => Promise<Performed>;
  draw: (performed: Performed) => Child;
  remedy: RemedyButton;
}

/** The second click of a double click must find the button still resting after a fast answer. */
const REST_MILLISECONDS = 700;

const OUTCOMES = {
  refused: 'Nothing was changed.',
  unknown: 'It may have been carried out. Look at the provider before you run it again.',
  partial: 'A part of it was carried out.',
};

export function drawAction(action: Action, host: ActionHost): HTMLElement {
  const fields = action.inputs.map((input) => createInputField(input, host.inputs, Boolean(input.from_config)));
  const button = h('button', { class: 'button primary', part: 'action' }, action.label);
  const outcome = h('div', { class: 'action-outcome', role: 'status' });
  // A button that is disabled would lose the focus.
  const rest = (isResting: boolean): void => button.setAttribute('aria-disabled', String(isResting));
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (button.getAttribute('aria-disabled') === 'true') return;
    const inputs = readFields(fields);
    if (!inputs) return;
    rest(true);
    if (await isConfirmed(action, outcome)) await run(outcome, fields, host, inputs);
    setTimeout(rest, REST_MILLISECONDS, false);
  };
  return h('form', { class: 'action-form', novalidate: true, onsubmit: submit }, [
    fields.map((field) => field.element),
    h('div', { class: 'buttons' }, button),
    outcome,
  ]);
}

/** Whether a person says yes to what is asked before; at once where nothing is asked. */
function isConfirmed({ label, confirm }: Action, beside: HTMLElement): Promise<boolean> {
  if (!confirm) return Promise.resolve(true);
  const dialog = h('dialog', { 'aria-label': label }, [
    h('form', { method: 'dialog' }, [
      h('p', {}, confirm),
      h('div', { class: 'buttons' }, [
        h('button', { value: 'yes', class: 'button primary' }, label),
        h('button', { value: '', class: 'button', autofocus: true }, 'Cancel'),
      ]),
    ]),
  ]);
  beside.after(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    dialog.showModal();
  });
}

async function run(outcome: HTMLElement, fields: Field[], host: ActionHost, inputs: Inputs): Promise<void> {
  outcome.replaceChildren(h('p', {}, 'Running …'));
  outcome.dataset.outcome = 'running';
  try {
    const performed = await host.run(inputs);
    outcome.dataset.outcome = 'done';
    outcome.replaceChildren(h('p', {}, 'Done.'));
    const drawn = performed.data === null ? null : host.draw(performed);
    if (drawn) outcome.append(h('div', {}, drawn));
  } catch (error) {
    if (!(error instanceof PatchbayError)) throw error;
    const { outcome: what } = error.problem ?? {};
    outcome.dataset.outcome = what ?? 'failed';
    const elsewhere = placeErrors(fields, error.errors);
    const more = [elsewhere.map((text) => h('p', {}, text)), what && h('p', {}, OUTCOMES[what])];
    outcome.replaceChildren(drawFailure({ ...failureOf(error), errors: null }, host.remedy, more));
  }
}
