/**
 * Patchbay's custom elements. Importing this module defines them.
 *
 *     <patchbay-block integration="open-meteo" block="current" latitude="38.7" longitude="-9.1"></patchbay-block>
 *     <patchbay-settings integration="open-meteo"></patchbay-settings>
 *     <patchbay-inputs integration="open-meteo" block="current"></patchbay-inputs>
 */

import { PatchbayBlock } from './block-element.ts';
import { PatchbayInputs } from './inputs-element.ts';
import { PatchbaySettings } from './settings-element.ts';

export { PatchbayBlock, type RemedyDetail } from './block-element.ts';
export { type Advice, adviceFor, configure, type Failure, failureOf, type Remedy, serviceMark } from './core.ts';
export { type Display, draw, guessKind, KINDS, type Kind, type Level, type Threshold, writeNumber } from './drawing/index.ts';
export { createField, type Field, placeErrors, readFields } from './forms.ts';
export { PatchbayInputs } from './inputs-element.ts';
export { PatchbaySettings } from './settings-element.ts';

// A page may load this module from two addresses; the first one counts.
if (!customElements.get('patchbay-block')) customElements.define('patchbay-block', PatchbayBlock);
if (!customElements.get('patchbay-settings')) customElements.define('patchbay-settings', PatchbaySettings);
if (!customElements.get('patchbay-inputs')) customElements.define('patchbay-inputs', PatchbayInputs);

declare global {
  interface HTMLElementTagNameMap {
    'patchbay-block': PatchbayBlock;
    'patchbay-inputs': PatchbayInputs;
    'patchbay-settings': PatchbaySettings;
  }
}
