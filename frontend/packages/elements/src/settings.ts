/** An integration's settings: its switch, a due review, a form made from its properties, a test, its account. */

import { type Client, type Connection, type Integration, PatchbayError, type PluginConfig, type Property, type SecretState } from '@patchbay/client';

import { type Child, externalLink, h, safeUrl } from './dom.ts';
import { icon } from './icons.ts';
import { ago } from './drawing/values.ts';
import { type Field, createField, placeErrors, readFields } from './forms.ts';

export interface SettingsHost {
  client: Client;
  /** Draws everything again, after a change. */
  reload: (said?: string) => void;
}

const SECRET_WORDS = { ok: 'Set', unreadable: 'Cannot be read: enter it again', locked: 'Locked until the change is reviewed' };
const SIGNED_IN_BY_A_PERSON = 'oauth2_authorization_code';

/** The failure of a call as text; what is not a failure of a call is thrown on. */
export function failureText(error: unknown): string {
  if (error instanceof PatchbayError) return error.detail;
  throw error;
}

/** A line that says how something went. */
function createOutcome() {
  const element = h('p', { class: 'outcome', role: 'status', part: 'outcome' });
  const tell = (isGood: boolean, text: string): void => {
    element.dataset.outcome = isGood ? 'good' : 'bad';
    element.textContent = text;
  };
  return { element, tell };
}

/** A button that asks at the first press and acts at the second. */
function sureButton(label: string, question: string, act: () => Promise<void>): HTMLElement {
  const button = h('button', { type: 'button', class: 'button quiet', onclick: () => {
    if (button.textContent === question) void act();
    else button.textContent = question;
  } }, label);
  return button;
}

export async function drawSettings(integration: Integration, host: SettingsHost): Promise<HTMLElement> {
  const { client } = host;
  const [current, connection] = await Promise.all([
    client.getConfig(integration.id),
    integration.auth_method === SIGNED_IN_BY_A_PERSON ? client.connection(integration.id) : null,
  ]);
  // An address with a placeholder is whatever the fields below say.
  const origin = integration.base_url?.includes('{') ? null : integration.base_url;
  return h('div', { class: 'settings', part: 'settings' }, [
    integration.description && h('p', { class: 'about' }, integration.description),
    h('p', { class: 'source' }, `Version ${integration.version}`, origin && [' · ', safeUrl(origin) ? externalLink(origin, origin) : origin]),
    drawSwitch(integration, host),
    drawReview(integration, host),
    drawForm(integration, current, host),
    connection && drawAccount(integration, connection, host),
  ]);
}

function drawSwitch({ id, name, enabled }: Integration, { client, reload }: SettingsHost): HTMLElement {
  const outcome = createOutcome();
  const input = h('input', { type: 'checkbox', role: 'switch', checked: enabled, 'aria-label': `${name} is on`, onchange: async () => {
    try {
      await client.enable(id, input.checked);
      reload(`${name} is ${input.checked ? 'on' : 'off'}.`);
    } catch (error) {
      input.checked = !input.checked;
      outcome.tell(false, failureText(error));
    }
  } });
  return h('div', {}, h('label', { class: 'switch' }, 'On in this workspace', input), outcome.element);
}

/** The way to the page on which a person accepts where secrets go; no script can. */
function drawReview({ id, review }: Integration, { client }: SettingsHost): Child {
  if (!review) return null;
  const href = `${client.baseUrl}/review/${encodeURIComponent(id)}`;
  return h('section', { class: 'notice', part: 'notice' }, [
    h('p', {}, icon('alert'), h('strong', {}, 'A change needs your review')),
    h('p', {}, review.reason, ' Until it is accepted, nothing is sent.'),
    h('a', { class: 'button', href, target: '_blank', rel: 'noopener' }, 'Review the change'),
  ]);
}

function drawSecret(integration: Integration, property: Property, state: SecretState | undefined, host: SettingsHost): HTMLElement {
  if (!state?.set) return h('p', { class: 'secret', 'data-secret': 'unset' }, 'Not set');
  const outcome = createOutcome();
  const status = state.status ?? 'ok';
  const remove = sureButton('Delete', 'Delete it for good?', async () => {
    try {
      await host.client.deleteSecret(integration.id, property.name);
      host.reload('Deleted.');
    } catch (error) {
      outcome.tell(false, failureText(error));
    }
  });
  return h('div', { class: 'secret', 'data-secret': status }, [
    h('span', {}, SECRET_WORDS[status]),
    state.updated_at && ago(state.updated_at),
    remove,
    outcome.element,
  ]);
}

function fieldsFor(integration: Integration, current: PluginConfig, host: SettingsHost): Field[] {
  return integration.properties.map((property) => {
    if (!property.secure) return createField(property, { value: current.config[property.name] });
    const state = current.secrets[property.name];
    const placeholder = state?.set ? 'Leave empty to keep it' : property.ui?.placeholder;
    return createField(property, { placeholder }, drawSecret(integration, property, state, host));
  });
}

function drawForm(integration: Integration, current: PluginConfig, host: SettingsHost): HTMLElement {
  const { id, name, properties } = integration;
  const fields = fieldsFor(integration, current, host);
  const outcome = createOutcome();
  /** Runs what a button is for, and says how it went. */
  const run = async (act: (values: Record<string, unknown>) => Promise<void>): Promise<void> => {
    const values = readFields(fields);
    if (!values) return;
    outcome.element.textContent = '';
    form.setAttribute('aria-busy', 'true');
    try {
      await act(values);
    } catch (error) {
      const homeless = placeErrors(fields, error instanceof PatchbayError ? error.errors : null);
      outcome.tell(false, [failureText(error), ...homeless].join(' '));
    } finally {
      form.removeAttribute('aria-busy');
    }
  };
  const save = (): Promise<void> => run(async (values) => {
    const { secrets } = await host.client.setConfig(id, values);
    const warnings = Object.values(secrets).flatMap((secret) => secret.warnings ?? []);
    host.reload([`${name}: settings saved.`, ...warnings].join(' '));
  });
  const test = (): Promise<void> => run(async (values) => {
    const { success, message } = await host.client.test(id, values);
    outcome.tell(success, message);
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    void save();
  };
  const form = h('form', { novalidate: true, onsubmit: submit, part: 'form' }, [
    fields.map((field) => field.element),
    properties.length === 0 && h('p', { class: 'none' }, 'There is nothing to set.'),
    h('div', { class: 'buttons' }, [
      properties.length > 0 && h('button', { class: 'button primary', part: 'save' }, 'Save'),
      integration.api_type !== 'none' && h('button', { type: 'button', class: 'button', part: 'test', onclick: test }, 'Test connection'),
    ]),
    outcome.element,
  ]);
  return form;
}

type Standing = 'none' | 'ok' | 'ended' | 'unreadable' | 'locked';

const STANDINGS: Record<Standing, string> = {
  none: 'No account is connected.',
  ok: 'An account is connected.',
  ended: 'The provider has ended the connection. Connect again.',
  unreadable: 'The connection cannot be read with the keys at hand. Connect again.',
  locked: 'The connection is locked until the change is reviewed.',
};

const standingOf = ({ connected, status }: Connection): Standing =>
  status === 'unreadable' || status === 'locked' ? status : connected ? 'ok' : status === null ? 'none' : 'ended';

function drawAccount({ id, name }: Integration, connection: Connection, { client, reload }: SettingsHost): HTMLElement {
  const standing = standingOf(connection);
  const outcome = createOutcome();
  const run = (act: () => Promise<void>) => (): Promise<void> =>
    act().catch((error: unknown) => outcome.tell(false, failureText(error)));
  const connect = run(async () => {
    const href = safeUrl((await client.connect(id)).authorization_url);
    if (href) location.assign(href);
  });
  const disconnect = run(async () => {
    await client.disconnect(id);
    reload(`${name}: disconnected.`);
  });
  return h('section', { class: 'settings', 'data-connection': standing }, [
    h('h3', {}, 'Your account'),
    h('p', {}, STANDINGS[standing], ' ', standing === 'ok' && connection.connected_at && ago(connection.connected_at)),
    standing === 'ok' && connection.scopes.length > 0 && h('p', { class: 'about' }, 'It may be used for: ', connection.scopes.join(', ')),
    connection.obstacle && h('p', { class: 'notice', role: 'alert' }, connection.obstacle),
    connection.redirect_uri && h('p', { class: 'about' }, 'Register this redirect URI with the provider: ', h('code', {}, connection.redirect_uri)),
    h('div', { class: 'buttons' }, [
      h('button', { type: 'button', class: 'button primary', disabled: connection.obstacle !== null, onclick: connect }, standing === 'none' ? 'Connect' : 'Connect again'),
      standing !== 'none' && sureButton('Disconnect', 'Disconnect for good?', disconnect),
    ]),
    outcome.element,
  ]);
}
