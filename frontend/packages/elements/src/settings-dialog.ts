/** Settings over the page, opened from a block that lacks one. */

import type { Client } from '@patchbay/client';

import { h } from './dom.ts';
import { icon } from './icons.ts';
import type { PatchbaySettings } from './settings-element.ts';

/** Opens the settings of an integration in a dialog inside `beside`, until a person closes it. */
export function openSettings(beside: HTMLElement, client: Client, integration: string, name: string): void {
  const settings = document.createElement('patchbay-settings') as PatchbaySettings;
  settings.setAttribute('integration', integration);
  settings.client = client;
  const close = h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('close'));
  const dialog = h('dialog', { 'aria-label': `Settings of ${name}`, onclose: () => dialog.remove() }, [
    h('header', { class: 'dialog-head' }, name, close),
    settings,
  ]);
  beside.append(dialog);
  dialog.showModal();
}
