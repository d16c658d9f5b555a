/** The account of an integration whose person signs in at the provider: how it stands, connecting and disconnecting. */

import { h, safeUrl } from './dom.js';
import { ago } from './drawing/values.js';
import { failureText } from './failures.js';

/** @typedef {import('@patchbay/client').Integration} Integration */
/** @typedef {import('@patchbay/client').Connection} Connection */
/** @typedef {import('./settings.js').SettingsHost} SettingsHost */
/** @typedef {'none' | 'connected' | 'ended' | 'unreadable' | 'locked'} Standing */

const BY_A_PERSON = 'oauth2_authorization_code';

/** @type {Record<Standing, { mark: string, words: string }>} */
const STANDINGS = {
  none: { mark: 'unset', words: 'Not connected' },
  connected: { mark: 'ok', words: 'Connected' },
  ended: { mark: 'unreadable', words: 'The provider has ended it: connect again' },
  unreadable: { mark: 'unreadable', words: 'Cannot be read: connect again' },
  locked: { mark: 'locked', words: 'Locked until the change is reviewed' },
};

const days = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/**
 * @param {Connection} connection
 * @returns {Standing}
 */
function standingOf({ connected, status }) {
  if (status === 'unreadable') return 'unreadable';
  if (connected) return status === 'locked' ? 'locked' : 'connected';
  return status === null ? 'none' : 'ended';
}

/** @param {Connection} connection @param {Standing} standing */
function drawStanding({ connected_at: since, expires_at: until, scopes }, standing) {
  const { mark, words } = STANDINGS[standing];
  const isKnown = standing === 'connected' || standing === 'locked';
  return [
    h('p', { class: 'secret-state', 'data-secret': mark }, h('span', {}, words), since && h('span', {}, ' ', ago(since))),
    isKnown && until && h('p', { class: 'field-help' }, `You will have to sign in again by ${days.format(new Date(until))}.`),
    isKnown && scopes.length > 0 && h('p', { class: 'field-help' }, 'It may: ', scopes.map((scope) => [h('code', {}, scope), ' '])),
  ];
}

/**
 * @param {Connection} connection
 */
function drawRedirectUri({ redirect_uri: address, obstacle }) {
  if (obstacle) return h('p', { class: 'notice', role: 'alert' }, obstacle);
  return h('p', { class: 'field-help' }, 'Register this redirect URI with the provider: ', h('code', {}, address));
}

/**
 * @param {Integration} integration
 * @param {SettingsHost} host
 * @param {Standing} standing
 * @param {boolean} isPossible
 */
function drawButtons({ id, name }, host, standing, isPossible) {
  const outcome = h('p', { class: 'outcome', role: 'status' });
  /** Runs what a button is for, and says so where it fails. @param {() => Promise<void>} action */
  const run = async (action) => {
    outcome.textContent = '';
    try {
      await action();
    } catch (error) {
      outcome.dataset.outcome = 'bad';
      outcome.textContent = failureText(error);
    }
  };
  const connect = () => run(async () => {
    const { authorization_url: address } = await host.client.connect(id);
    const href = safeUrl(address);
    if (href) location.assign(href);
  });
  const disconnect = h('button', { type: 'button', class: 'button quiet', onclick: () => run(async () => {
    if (disconnect.dataset.sure !== 'asked') {
      disconnect.dataset.sure = 'asked';
      disconnect.textContent = 'Disconnect for good?';
      return;
    }
    await host.client.disconnect(id);
    host.announce(`${name}: disconnected.`);
    await host.changed(id);
    host.reopen(id);
  }) }, 'Disconnect');
  const label = standing === 'none' ? 'Connect' : 'Connect again';
  return [
    h('div', { class: 'form-actions' }, [
      h('button', { type: 'button', class: 'button primary', disabled: !isPossible, onclick: connect }, label),
      standing !== 'none' && disconnect,
    ]),
    outcome,
  ];
}

/**
 * The account's section; null where nobody signs in at the provider.
 *
 * @param {Integration} integration
 * @param {SettingsHost} host
 * @returns {Promise<HTMLElement | null>}
 */
export async function drawConnection(integration, host) {
  if (integration.auth_method !== BY_A_PERSON) return null;
  const connection = await host.client.connection(integration.id);
  const standing = standingOf(connection);
  return h('section', { class: 'connection', 'data-connection': standing }, [
    h('h3', {}, 'Your account'),
    drawStanding(connection, standing),
    drawRedirectUri(connection),
    drawButtons(integration, host, standing, connection.obstacle === null),
  ]);
}
