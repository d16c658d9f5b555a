/** The list of plugins: what this frontend declared, what else is there, and the way to each one's settings. */

import { h, humanized } from './dom.js';
import { enableSwitch } from './settings.js';

/** @typedef {import('@patchbay/client').Integration} Integration */
/** @typedef {import('@patchbay/client').Declaration} Declaration */
/** @typedef {import('@patchbay/client').BatchResult} BatchResult */
/** @typedef {import('./settings.js').SettingsHost} SettingsHost */

/**
 * @param {Integration} integration
 * @param {SettingsHost} host
 * @param {(id: string) => void} open
 */
function integrationRow(integration, host, open) {
  const { id, name, description, review, blocks } = integration;
  return h('li', { class: 'plugin', 'data-plugin': id }, [
    h('div', { class: 'plugin-text' }, [
      h('strong', {}, name),
      review && h('span', { class: 'tag warn' }, 'needs review'),
      h('span', {}, description || `${blocks.length} blocks`),
    ]),
    h('button', { type: 'button', class: 'button small', 'aria-label': `Settings of ${name}`, onclick: () => open(id) }, 'Settings'),
    enableSwitch(integration, host),
  ]);
}

/** @param {BatchResult} batch */
function refusedNotice({ results }) {
  const refused = results.filter((result) => !result.registered);
  if (refused.length === 0) return null;
  return h('section', { class: 'notice' }, [
    h('h3', {}, 'Not accepted'),
    refused.map((result) => h('p', {}, h('strong', {}, result.id), ` ${result.message}`, errorList(result.errors))),
  ]);
}

/** @param {Record<string, string[]> | null | undefined} errors */
const errorList = (errors) =>
  h('span', {}, Object.entries(errors ?? {}).map(([path, messages]) => ` ${path}: ${[messages].flat().join(' ')}`));

/**
 * @param {{ integrations: Integration[], declared: Declaration[], batch: BatchResult, host: SettingsHost,
 *           open: (id: string) => void }} content
 */
export function drawPanel({ integrations, declared, batch, host, open }) {
  const drawnHere = declared.filter(({ type }) => type !== 'integration');
  return h('div', { class: 'panel' }, [
    refusedNotice(batch),
    h('section', {}, h('h3', {}, 'Integrations'), [
      h('ul', { class: 'plugins' }, integrations.map((integration) => integrationRow(integration, host, open))),
    ]),
    h('section', {}, h('h3', {}, 'Views and themes'), [
      h('p', { class: 'hint' }, 'This page draws them; Patchbay knows of them.'),
      h('ul', { class: 'plugins' }, drawnHere.map(({ id, name, type, manifest }) =>
        h('li', { class: 'plugin', 'data-plugin': id }, h('div', { class: 'plugin-text' }, [
          h('strong', {}, name), h('span', { class: 'tag' }, humanized(type)), h('span', {}, manifest.description ?? ''),
        ])),
      )),
    ]),
  ]);
}
