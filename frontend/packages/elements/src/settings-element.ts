/** `<patchbay-settings integration="…">`: everything that a person can set of one integration. */

import type { Client } from '@patchbay/client';

import { failureOf } from './advice.ts';
import { onConfigure, sharedClient } from './connection.ts';
import { h } from './dom.ts';
import { drawFailure } from './failure.ts';
import { drawSettings } from './settings.ts';
import { attachStyled } from './styles.ts';
import { PatchbayError } from '@patchbay/client';

export class PatchbaySettings extends HTMLElement {
  static get observedAttributes(): string[] {
    return ['integration'];
  }

  #client: Client | null = null;
  #end: () => void = () => {};
  #draws = 0;
  readonly #place = h('div', { part: 'body' });
  readonly #status = h('p', { class: 'visually-hidden', role: 'status' });

  constructor() {
    super();
    attachStyled(this).append(this.#place, this.#status);
  }

  /** The client that this element uses; the page's own, when none is set. */
  get client(): Client {
    return this.#client ?? sharedClient();
  }
  set client(client: Client | null) {
    this.#client = client;
    this.#restart();
  }

  connectedCallback(): void {
    this.#end = onConfigure(() => this.#restart());
    this.#restart();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(): void {
    this.#restart();
  }

  #restart(): void {
    if (this.isConnected) queueMicrotask(() => void this.#draw());
  }

  /** Draws what is set now; a later call replaces an earlier one that is still under way. */
  async #draw(said = ''): Promise<void> {
    const id = this.getAttribute('integration');
    if (!id || !this.isConnected) return;
    this.#draws += 1;
    const draw = this.#draws;
    const drawn = await this.#drawn(id);
    if (draw !== this.#draws) return;
    this.#place.replaceChildren(drawn);
    this.#status.textContent = said;
    if (said) this.dispatchEvent(new CustomEvent('patchbay-changed', { detail: { integration: id }, bubbles: true, composed: true }));
  }

  async #drawn(id: string): Promise<HTMLElement> {
    const { client } = this;
    try {
      const integration = await client.integration(id);
      return await drawSettings(integration, { client, reload: (said) => void this.#draw(said) });
    } catch (error) {
      if (!(error instanceof PatchbayError)) throw error;
      const retry = h('button', { type: 'button', class: 'button', onclick: () => void this.#draw() }, 'Try again');
      return drawFailure(failureOf(error), () => retry);
    }
  }
}
