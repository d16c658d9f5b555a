/** One block on the page: asks for its data and shows which of its states it is in. */

import { PatchbayError } from '@patchbay/client';
import { drawAction } from './action.js';
import { adviceFor, failureOfEnvelope, failureOfError } from './advice.js';
import { h, icon, iconButton, safeUrl, withCode } from './dom.js';
import { draw } from './drawing/draw.js';
import { ago, isScalar, shortAddress } from './drawing/values.js';

/** @typedef {import('@patchbay/client').Rendered} Rendered */
/** @typedef {import('@patchbay/client').Integration} Integration */
/** @typedef {import('./advice.js').Failure} Failure */
/** @typedef {import('./store.js').PlacedBlock} PlacedBlock */

/**
 * @typedef {object} BlockHost What a block needs of the page around it.
 * @property {import('@patchbay/client').Client} client
 * @property {(id: string) => Integration | undefined} integration
 * @property {(text: string) => void} announce
 * @property {(remedy: import('./advice.js').Remedy, block: BlockOnPage) => void} remedy
 * @property {(integrationId: string, blockIds: string[]) => void} renewed
 */

const CACHE_WORDS = { HIT: 'kept', MISS: 'fetched', STALE: 'stale', REVALIDATED: 'confirmed', BYPASS: 'fetched' };

/** Long enough for a refresh in the background to be done. */
const SECOND_LOOK_MILLISECONDS = 2500;

export class BlockOnPage {
  /**
   * @param {PlacedBlock} placed
   * @param {BlockHost} host
   */
  constructor(placed, host) {
    this.placed = placed;
    this.host = host;
    /** @type {AbortController | null} */
    this.inFlight = null;
    /** What was wrong with the inputs the last time. @type {Record<string, string[]> | null} */
    this.errors = null;
    this.heading = h('h2', { class: 'block-title', id: `block-${placed.key}` });
    this.origin = h('p', { class: 'block-origin' });
    this.body = h('div', { class: 'block-body' });
    this.standing = h('div', { class: 'block-standing' });
    this.element = h(
      'article',
      { class: 'block', 'aria-labelledby': this.heading.id, 'data-key': placed.key, tabindex: '-1' },
      h('header', { class: 'block-header' }, this.origin, this.heading),
      this.body,
      h('footer', { class: 'block-footer' }, this.standing, this.actions()),
    );
    this.element.dataset.integration = placed.integrationId;
    this.element.dataset.block = placed.blockId;
  }

  actions() {
    return h('div', { class: 'block-actions' }, [
      iconButton('refresh', 'Fetch again', () => this.load({ useCache: false })),
      iconButton('edit', 'Change inputs', () => this.host.remedy('inputs', this)),
      iconButton('remove', 'Remove block', () => this.host.remedy('remove', this)),
    ]);
  }

  /** What is declared of this block; its bare id when nothing is. */
  get declared() {
    const blocks = this.host.integration(this.placed.integrationId)?.blocks ?? [];
    return blocks.find(({ id }) => id === this.placed.blockId) ?? { id: this.placed.blockId };
  }

  get title() {
    return this.declared.name ?? this.placed.blockId;
  }

  /** Where the block comes from and what makes it this one: `Open-Meteo · Lisbon`. */
  label() {
    const integration = this.host.integration(this.placed.integrationId);
    const inputs = Object.values(this.placed.parameters).filter(isScalar).map(asInput);
    this.heading.textContent = this.title;
    this.origin.textContent = [integration?.name ?? this.placed.integrationId, ...inputs].join(' · ');
  }

  /** Takes new inputs and shows their data. @param {Record<string, any>} parameters */
  change(parameters) {
    this.placed = { ...this.placed, parameters };
    return this.load();
  }

  /** Gives up what is being fetched, as the block is no longer wanted. */
  abandon() {
    this.inFlight?.abort();
  }

  /**
   * Asks for the data and shows it. A later call replaces an earlier one that is still under way.
   *
   * @param {{ useCache?: boolean, isSecondLook?: boolean }} [options]
   */
  async load({ useCache = true, isSecondLook = false } = {}) {
    this.inFlight?.abort();
    const inFlight = new AbortController();
    this.inFlight = inFlight;
    this.label();
    this.showLoading();
    try {
      const { integrationId, blockId, parameters } = this.placed;
      const { signal } = inFlight;
      const rendered = await this.host.client.render(integrationId, blockId, parameters, { useCache, signal });
      this.showRendered(rendered);
      if (rendered.stale && !rendered.error && !isSecondLook) this.lookAgain(inFlight.signal);
    } catch (error) {
      if (inFlight.signal.aborted) return;
      if (!(error instanceof PatchbayError)) throw error;
      this.showError(failureOfError(error), error.errors);
    }
  }

  /** Asks once more after a background refresh had its time. @param {AbortSignal} signal */
  lookAgain(signal) {
    setTimeout(() => {
      if (!signal.aborted && this.element.isConnected) this.load({ isSecondLook: true });
    }, SECOND_LOOK_MILLISECONDS);
  }

  /** @param {'loading' | 'ready' | 'stale' | 'error'} state @param {{ cache?: string, code?: string }} [marks] */
  mark(state, { cache = '', code = '' } = {}) {
    Object.assign(this.element.dataset, { state, cache, code });
    this.element.setAttribute('aria-busy', String(state === 'loading'));
  }

  showLoading() {
    const hasData = this.body.querySelector('[data-drawn]') !== null;
    this.mark('loading');
    // What was there stays readable while the next answer is on its way.
    if (hasData) return;
    this.body.replaceChildren(
      h('div', { class: 'skeleton', 'aria-hidden': 'true' }, h('span'), h('span'), h('span')),
      h('p', { class: 'visually-hidden' }, 'Loading'),
    );
    this.standing.replaceChildren();
  }

  /** @param {Rendered} rendered */
  showRendered(rendered) {
    if (rendered.action) return this.showAction(rendered.action);
    const failure = failureOfEnvelope(rendered.error);
    this.errors = null;
    this.mark(rendered.stale ? 'stale' : 'ready', { cache: rendered.cache ?? '', code: failure?.code });
    this.body.replaceChildren(
      ...(rendered.stale ? [this.staleNotice(rendered, failure)] : []),
      h('div', { 'data-drawn': true }, draw(rendered, this.declared)),
    );
    const word = CACHE_WORDS[rendered.cache ?? 'MISS'] ?? 'fetched';
    this.standing.replaceChildren(
      h('span', { class: 'cache-mark' }, word),
      rendered.fetched_at ? ago(rendered.fetched_at) : '',
    );
    this.host.announce(`${this.title}: ${rendered.stale ? 'shown from an earlier time' : 'loaded'}.`);
  }

  /** @param {import('@patchbay/client').Action} action */
  showAction(action) {
    const { integrationId, blockId, parameters } = this.placed;
    this.errors = null;
    this.mark('ready');
    this.body.replaceChildren(
      drawAction(action, {
        parameters,
        run: (entered) => this.host.client.act(integrationId, blockId, entered),
        draw: (performed) => draw({ ...performed, cache: null, age: null }, this.declared),
        remedy: (failure) => this.remedyButton(failure),
        renewed: (blockIds) => this.host.renewed(integrationId, blockIds),
        announce: (text) => this.host.announce(`${this.title}: ${text}`),
      }),
    );
    this.standing.replaceChildren();
  }

  /** @param {Rendered} rendered @param {Failure | null} failure */
  staleNotice(rendered, failure) {
    const when = rendered.fetched_at ? ago(rendered.fetched_at) : 'an earlier time';
    if (!failure) return h('div', { class: 'notice' }, h('p', {}, 'From ', when, '. A newer answer is on its way.'));
    return h('div', { class: 'notice' }, [
      h('p', {}, icon('clock'), 'From ', when, '. The refresh failed: ', withCode(failure.detail), ' ', codeOf(failure)),
      wordsOf(failure),
      this.remedyButton(failure),
    ]);
  }

  /** @param {Failure} failure @param {Record<string, string[]> | null} [errors] */
  showError(failure, errors = null) {
    const advice = adviceFor(failure);
    this.mark('error', { code: failure.code });
    this.errors = errors;
    const shown = advice.remedy === 'inputs' ? errors : null;
    const fields = Object.entries(shown ?? {}).map(([path, messages]) =>
      h('li', {}, `${path}: ${[messages].flat().join(' ')}`),
    );
    this.body.replaceChildren(
      h('div', { class: 'failure' }, [
        h('h3', { class: 'failure-title' }, icon('alert'), advice.title),
        h('p', {}, withCode(failure.detail), ' ', codeOf(failure)),
        wordsOf(failure),
        fields.length > 0 && h('ul', {}, fields),
        failure.retryAfter !== null && h('p', {}, `Worth another try in ${failure.retryAfter} s.`),
        this.remedyButton(failure),
      ]),
    );
    this.standing.replaceChildren();
    this.host.announce(`${this.title}: ${advice.title}.`);
  }

  /** @param {Failure} failure */
  remedyButton(failure) {
    const { remedy, label } = adviceFor(failure);
    const act = () => (remedy === 'retry' ? this.load() : this.host.remedy(remedy, this));
    return h('button', { type: 'button', class: 'button small', 'data-remedy': remedy, onclick: act }, label);
  }
}

/** @param {any} value An input as a few words. */
function asInput(value) {
  const href = safeUrl(value);
  return href ? shortAddress(href) : String(value);
}

/** @param {Failure} failure */
const codeOf = (failure) =>
  h('code', { class: 'code' }, failure.upstreamStatus ? `${failure.code} ${failure.upstreamStatus}` : failure.code);

/** @param {Failure} failure */
const wordsOf = ({ upstreamMessage }) => upstreamMessage !== null && h('p', {}, 'It says: ', h('q', {}, upstreamMessage));
