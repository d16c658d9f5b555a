/**
 * Patchbay's custom elements. Importing this module defines them.
 *
 *     <patchbay-block integration="open-meteo" block="current" latitude="38.7" longitude="-9.1"></patchbay-block>
 *     <patchbay-settings integration="open-meteo"></patchbay-settings>
 */

import { PatchbayBlock } from './block-element.ts';
import { PatchbaySettings } from './settings-element.ts';

export { type Advice, adviceFor, type Failure, type Remedy } from './advice.ts';
export { PatchbayBlock, type RemedyDetail } from './block-element.ts';
export { configure } from './connection.ts';
export { type Display, draw, guessKind, KINDS, type Kind, type Level, type Threshold, writeNumber } from './drawing/index.ts';
export { PatchbaySettings } from './settings-element.ts';

// A page may load this module from two addresses; the first one counts.
if (!customElements.get('patchbay-block')) customElements.define('patchbay-block', PatchbayBlock);
if (!customElements.get('patchbay-settings')) customElements.define('patchbay-settings', PatchbaySettings);

declare global {
  interface HTMLElementTagNameMap {
    'patchbay-block': PatchbayBlock;
    'patchbay-settings': PatchbaySettings;
  }
}
