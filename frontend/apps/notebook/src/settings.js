/** An integration's settings: its switch, a due review, a form made from its properties, and a test. */

import { drawConnection } from './connection.js';
import { externalLink, h, icon, safeUrl } from './dom.js';
import { ago } from './drawing/values.js';
import { failureText } from './failures.js';
import { createField, placeErrors, readFields } from './forms.js';

/** @typedef {import('@patchbay/client').Integration} Integration */
/** @typedef {import('@patchbay/client').Property} Property */
/** @typedef {import('@patchbay/client').PluginConfig} PluginConfig */
/** @typedef {import('@patchbay/client').SecretState} SecretState */
/** @typedef {import('./forms.js').Field} Field */

/**
 * @typedef {object} SettingsHost
 * @property {import('@patchbay/client').Client} client
 * @property {(id: string) => Promise<void>} changed To be called when what the integration answers may have changed.
 * @property {(id: string) => void} reopen
 * @property {(text: string) => void} announce
 */

const SECRET_WORDS = { ok: 'Set', unreadable: 'Cannot be read: enter it again', locked: 'Locked until the change is reviewed' };

/**
 * @param {Integration} integration
 * @param {SettingsHost} host
 * @returns {HTMLElement}
 */
export function enableSwitch(integration, host) {
  const input = h('input', {
    type: 'checkbox',
    role: 'switch',
    checked: integration.enabled,
    'aria-label': `${integration.name} is on`,
    onchange: async () => {
      try {
        await host.client.enable(integration.id, input.checked);
        host.announce(`${integration.name} is ${input.checked ? 'on' : 'off'}.`);
        await host.changed(integration.id);
      } catch (error) {
        input.checked = !input.checked;
        host.announce(failureText(error));
      }
    },
  });
  return h('span', { class: 'switch' }, input);
}

/**
 * The way to the page on which a person accepts where secrets go; no script can.
 *
 * @param {Integration} integration
 */
function reviewNotice({ id, review }) {
  if (!review) return null;
  return h('section', { class: 'notice review' }, [
    h('h3', {}, icon('alert'), 'A change waits for you'),
    h('p', {}, review.reason),
    h('p', {}, 'Until it is accepted, nothing is sent.'),
    h('a', { class: 'button small', href: `/review/${encodeURIComponent(id)}` }, 'Look at the change'),
  ]);
}

/**
 * What is known of a secret, with a way to delete it. The first press asks, the second one does it.
 *
 * @param {Integration} integration
 * @param {Property} property
 * @param {SecretState | undefined} state
 * @param {SettingsHost} host
 */
function secretState(integration, property, state, host) {
  if (!state?.set) return h('p', { class: 'secret-state', 'data-secret': 'unset' }, 'Not set');
  const remove = h('button', { type: 'button', class: 'button small quiet', onclick: async () => {
    if (remove.dataset.sure !== 'asked') {
      remove.dataset.sure = 'asked';
      remove.textContent = 'Delete it for good?';
      return;
    }
    try {
      await host.client.deleteSecret(integration.id, property.name);
      host.announce('Deleted.');
      await host.changed(integration.id);
      host.reopen(integration.id);
    } catch (error) {
      host.announce(failureText(error));
    }
  } }, 'Delete');
  const status = state.status ?? 'ok';
  return h('p', { class: 'secret-state', 'data-secret': status }, [
    h('span', {}, SECRET_WORDS[status]),
    state.updated_at && h('span', {}, ' ', ago(state.updated_at)),
    remove,
  ]);
}

/**
 * @param {Integration} integration
 * @param {PluginConfig} current
 * @param {SettingsHost} host
 * @returns {Field[]}
 */
function fieldsFor(integration, current, host) {
  return integration.properties.map((property) => {
    if (!property.secure) return createField(property, { value: current.config[property.name] });
    const state = current.secrets?.[property.name];
    const placeholder = state?.set ? 'Leave empty to keep it' : property.ui?.placeholder;
    return createField(property, { placeholder }, secretState(integration, property, state, host));
  });
}

/**
 * @param {Integration} integration
 * @param {PluginConfig} current
 * @param {SettingsHost} host
 */
function settingsForm(integration, current, host) {
  const fields = fieldsFor(integration, current, host);
  const outcome = h('p', { class: 'outcome', role: 'status' });
  /** @param {boolean} isGood @param {string} text */
  const tell = (isGood, text) => {
    outcome.dataset.outcome = isGood ? 'good' : 'bad';
    outcome.textContent = text;
  };

  /** Runs what a button is for, and says how it went. @param {(values: Record<string, any>) => Promise<void>} action */
  const run = async (action) => {
    const values = readFields(fields);
    if (!values) return;
    outcome.textContent = '';
    form.setAttribute('aria-busy', 'true');
    try {
      await action(values);
    } catch (error) {
      const text = failureText(error);
      const homeless = placeErrors(fields, /** @type {import('@patchbay/client').PatchbayError} */ (error).errors);
      tell(false, [text, ...homeless].join(' '));
    } finally {
      form.removeAttribute('aria-busy');
    }
  };
  const save = () => run(async (values) => {
    const { secrets } = await host.client.setConfig(integration.id, values);
    const warnings = Object.values(secrets).flatMap((secret) => secret.warnings ?? []);
    host.announce([`${integration.name}: settings saved.`, ...warnings].join(' '));
    await host.changed(integration.id);
    host.reopen(integration.id);
  });
  const test = () => run(async (values) => {
    const { success, message } = await host.client.test(integration.id, values);
    tell(success, message);
  });

  const form = h('form', { class: 'settings-form', novalidate: true, onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    save();
  } }, [
    fields.map((field) => field.element),
    integration.properties.length === 0 && h('p', { class: 'none' }, 'There is nothing to set.'),
    h('div', { class: 'form-actions' }, [
      integration.properties.length > 0 && h('button', { class: 'button primary' }, 'Save'),
      integration.api_type !== 'none' && h('button', { type: 'button', class: 'button', onclick: test }, 'Test connection'),
    ]),
    outcome,
  ]);
  return form;
}

/**
 * Everything a person can set of one integration.
 *
 * @param {Integration} integration
 * @param {SettingsHost} host
 * @returns {Promise<HTMLElement>}
 */
export async function drawSettings(integration, host) {
  const current = await host.client.getConfig(integration.id);
  // One with a placeholder is whatever the fields below say.
  const origin = integration.base_url?.includes('{') ? null : integration.base_url;
  const address = safeUrl(origin);
  return h('div', { class: 'settings', 'data-settings': integration.id }, [
    h('p', { class: 'settings-about' }, integration.description ?? ''),
    h('p', { class: 'settings-origin' }, [
      `Version ${integration.version}`,
      origin && [' · ', address ? externalLink(address, origin) : origin],
    ]),
    h('div', { class: 'switch-row' }, h('span', {}, 'On in this workspace'), enableSwitch(integration, host)),
    reviewNotice(integration),
    settingsForm(integration, current, host),
    await drawConnection(integration, host),
  ]);
}
