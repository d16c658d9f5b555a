/** `<patchbay-block integration="…" block="…">`: one block, in whichever state it is. */

import { type BlockObserver, type BlockState, type Client, type Inputs, type Integration, type Rendered, concerns, observeBlock } from '@patchbay/client';

import { drawAction } from './action.ts';
import { type Failure, type Remedy, adviceFor, failureOf, failureOfProblem } from './advice.ts';
import { integrationOf, onConfigure, sharedClient } from './connection.ts';
import { type Child, h, safeUrl, shortAddress } from './dom.ts';
import { type Display, fieldOf, isRecord, isScalar } from './drawing/display.ts';
import { draw } from './drawing/draw.ts';
import { fillHistory } from './drawing/history.ts';
import { ago, refreshAges } from './drawing/values.ts';
import { drawFailure, drawStaleNotice } from './failure.ts';
import { icon } from './icons.ts';
import { inputAttributes, inputsOfAttributes, parsed } from './inputs.ts';
import { serviceMark } from './mark.ts';
import { openSettings } from './settings-dialog.ts';
import { attachStyled } from './styles.ts';

/** `detail` of the event `patchbay-remedy`; whoever prevents its default does it instead of the element. */
export interface RemedyDetail {
  remedy: Remedy;
  integration: string;
  block: string;
  failure: Failure;
}

const AGES_EVERY_MILLISECONDS = 20_000;
/** What the element itself can do. The page may do the rest, and then gets a button for it by `remedies`. */
const OWN_REMEDIES: readonly Remedy[] = ['settings', 'review', 'enable', 'retry', 'signin'];

export class PatchbayBlock extends HTMLElement {
  static get observedAttributes(): string[] {
    return ['integration', 'block', 'inputs', 'display', 'heading'];
  }

  #client: Client | null = null;
  #inputs: Inputs | null = null;
  #display: Display | null = null;
  #details: Integration | null = null;
  #observer: BlockObserver | null = null;
  #ends: (() => void)[] = [];
  #endChanges: () => void = () => {};
  #isStarting = false;
  /** What the body was drawn from, so that an answer that stayed the same keeps its scroll and selection. */
  #drawnFrom: unknown = null;
  /** What a page offers beyond what the element does itself: `inputs`, `remove`. */
  remedies: Remedy[] = [];

  readonly #parts = {
    mark: h('span', { class: 'mark', part: 'mark' }),
    title: h('h3', { class: 'title', part: 'title' }),
    origin: h('span', { class: 'origin-text', part: 'origin' }),
    refresh: h('button', { type: 'button', class: 'icon-button', part: 'refresh', title: 'Fetch again', 'aria-label': 'Fetch again', onclick: () => void this.refresh() }, icon('refresh')),
    notice: h('div', { 'aria-live': 'polite' }),
    drawn: h('div', { class: 'drawn' }),
    age: h('span', { class: 'age', part: 'age' }),
    sample: h('span', { class: 'sample', part: 'sample', hidden: true, title: 'A sample answers in place of the provider' }, 'Sample'),
  };
  readonly #frame = h('article', { class: 'frame', part: 'block' }, [
    h('header', { class: 'head', part: 'header' }, this.#parts.mark, this.#parts.title, h('p', { class: 'origin' }, this.#parts.origin, this.#parts.age, this.#parts.sample), this.#parts.refresh, h('slot', { name: 'actions' })),
    h('div', { class: 'body', part: 'body' }, this.#parts.notice, this.#parts.drawn),
  ]);

  constructor() {
    super();
    attachStyled(this).append(this.#frame);
  }

  /** The client that this element uses; the page's own, when none is set. */
  get client(): Client {
    return this.#client ?? sharedClient();
  }
  set client(client: Client | null) {
    this.#client = client;
    this.#restart();
  }

  /** The inputs as values. They count beside those of the attributes, and before them. */
  get inputs(): Inputs {
    return { ...inputsOfAttributes(inputAttributes(this), this.#declared), ...parsed(this.getAttribute('inputs')), ...this.#inputs };
  }
  set inputs(inputs: Inputs | null) {
    this.#inputs = inputs;
    this.#restart();
  }

  /** How the data is drawn: what is set here, else the attribute `display`, else what the manifest declares. */
  get display(): Display {
    return this.#display ?? parsed(this.getAttribute('display')) ?? this.#declared?.display ?? {};
  }
  set display(display: Display | null) {
    this.#display = display;
    this.#drawnFrom = null;
    if (this.state) this.#show(this.state);
  }

  /** The state that is shown; null before the first. */
  get state(): BlockState | null {
    return this.#observer?.state ?? null;
  }

  /** The title that is shown. */
  get label(): string {
    return this.#parts.title.textContent ?? '';
  }

  /** Fetches now, past the cache. */
  async refresh(): Promise<void> {
    await this.#observer?.refresh();
  }

  connectedCallback(): void {
    const clock = setInterval(() => refreshAges(this.shadowRoot ?? this), AGES_EVERY_MILLISECONDS);
    const inputs = new MutationObserver((changes) => {
      const names = new Set(inputAttributes(this).map(({ name }) => name));
      const isInput = changes.some(({ attributeName }) => names.has(attributeName ?? '') || !this.hasAttribute(attributeName ?? ''));
      if (isInput) this.#restart();
    });
    inputs.observe(this, { attributes: true });
    this.#ends.push(() => clearInterval(clock), () => inputs.disconnect(), onConfigure(() => this.#restart()));
    this.#restart();
  }

  disconnectedCallback(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#stop();
  }

  attributeChangedCallback(name: string): void {
    if (name === 'display' || name === 'heading') {
      this.#drawnFrom = null;
      if (this.state) this.#show(this.state);
    } else {
      this.#restart();
    }
  }

  get #declared() {
    return this.#details?.blocks.find(({ id }) => id === this.getAttribute('block'));
  }

  /** Starts anew once the page's script, or its framework, has set everything that it sets in one go. */
  #restart(): void {
    if (!this.isConnected || this.#isStarting) return;
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      if (this.isConnected) this.#start();
    });
  }

  #stop(): void {
    this.#observer?.stop();
    this.#observer = null;
    this.#endChanges();
  }

  async #start(): Promise<void> {
    this.#stop();
    const { client } = this;
    const [integration, block] = [this.getAttribute('integration') ?? '', this.getAttribute('block') ?? ''];
    this.#showLoading();
    if (!integration || !block) return;
    const details = this.#loadDetails(client, integration);
    this.#endChanges = client.onChange((change) => {
      if (change.blocks === null && concerns(change, integration)) void this.#loadDetails(client, integration);
    });
    // Text from attributes becomes what the block declares; without any, nothing has to be known before.
    if (inputAttributes(this).length > 0) await details;
    const isStill = this.isConnected && client === this.client && integration === this.getAttribute('integration') && block === this.getAttribute('block');
    if (!isStill || this.#observer) return;
    this.#observer = observeBlock(client, { integration, block, inputs: this.inputs }, (state) => this.#show(state));
  }

  async #loadDetails(client: Client, integration: string): Promise<void> {
    // Without them the block is shown by its id; what stands against it, its render says better.
    this.#details = await integrationOf(client, integration).catch(() => null);
    this.#mark(client, integration);
    this.#drawnFrom = null;
    if (this.state) this.#show(this.state);
  }

  /** The service's mark; before the integration is known its place is empty. */
  #mark(client: Client, integration: string): void {
    const { name, icon } = (this.#details ?? { name: integration }) as { name: string; icon?: string | null };
    this.#parts.mark.replaceChildren(serviceMark(this.display.icon ?? icon, name, client.baseUrl));
  }

  #showLoading(): void {
    if (this.#drawnFrom !== null) return;
    this.#markStatus('loading', true);
    this.#label();
    this.#parts.drawn.replaceChildren(
      h('div', { class: 'skeleton', 'aria-hidden': 'true' }, h('span'), h('span'), h('span')),
      h('p', { class: 'visually-hidden' }, 'Loading'),
    );
  }

  #show(state: BlockState): void {
    const { status, rendered, error, isRefreshing } = state;
    this.#label();
    this.#markStatus(status, isRefreshing);
    this.#parts.sample.hidden = !rendered?.sample;
    if (rendered) this.#showRendered(rendered, status, error ? failureOf(error) : null);
    else if (error) this.#showFailure(failureOf(error));
    else this.#showLoading();
    this.dispatchEvent(new CustomEvent('patchbay-state', { detail: state }));
  }

  #markStatus(status: BlockState['status'], isRefreshing: boolean): void {
    this.#frame.dataset.status = status;
    this.#frame.dataset.refreshing = String(isRefreshing);
    this.#frame.setAttribute('aria-busy', String(isRefreshing));
    this.dataset.status = status;
  }

  /** What the block is, where it comes from and what makes it this one: `Weather now`, `Open-Meteo · Lisbon`. */
  #label(): void {
    const [integration, block] = [this.getAttribute('integration') ?? '', this.getAttribute('block') ?? ''];
    const inputs = Object.values(this.inputs).filter((value) => isScalar(value) && typeof value !== 'boolean' && value !== '' && value !== null).map(asWords);
    const title = this.getAttribute('heading') || titleIn(this.state?.rendered?.data, this.display) || this.#declared?.name || block;
    this.#parts.title.textContent = title;
    this.#frame.setAttribute('aria-label', title);
    this.#parts.origin.textContent = [this.#details?.name ?? integration, ...inputs].join(' · ');
  }

  #showRendered(rendered: Rendered, status: BlockState['status'], failed: Failure | null): void {
    const failure = failed ?? (rendered.error ? failureOfProblem(rendered.error) : null);
    // While the newer answer is on its way, the age says enough.
    const notice = status === 'stale' && failure ? drawStaleNotice(rendered.fetched_at, failure, this.#remedyButton) : '';
    this.#parts.notice.replaceChildren(notice);
    this.#parts.age.replaceChildren(...(rendered.fetched_at && !notice ? [ago(rendered.fetched_at, 'narrow')] : []));
    if (this.#drawnFrom === rendered) return;
    this.#drawnFrom = rendered;
    this.#parts.drawn.replaceChildren(rendered.action ? this.#action(rendered) : this.#drawData(rendered));
    this.#fillHistory();
  }

  #drawData(answer: Pick<Rendered, 'data' | 'content_type'>): HTMLElement {
    return draw(answer, this.display, this.#parts.title.textContent ?? '');
  }

  /** Asks for the history that is declared, and draws it where the drawing has left a place, or below it. */
  #fillHistory(): void {
    const { display, client, inputs } = this;
    if (!display.history) return;
    const [integration, block] = [this.getAttribute('integration') ?? '', this.getAttribute('block') ?? ''];
    const place = this.#parts.drawn.querySelector<HTMLElement>('.history') ?? h('div', { class: 'history' });
    if (!place.isConnected) this.#parts.drawn.append(place);
    void fillHistory(place, display, (span) => client.history(integration, block, inputs, span));
  }

  #action(rendered: Rendered): Child & Node {
    const [integration, block] = [this.getAttribute('integration') ?? '', this.getAttribute('block') ?? ''];
    return drawAction(rendered.action ?? { label: block, confirm: null, renews: [], inputs: [] }, {
      inputs: this.inputs,
      run: (inputs) => this.client.act(integration, block, inputs),
      draw: (performed) => this.#drawData(performed),
      remedy: this.#remedyButton,
    });
  }

  #showFailure(failure: Failure): void {
    this.#drawnFrom = null;
    this.#parts.notice.replaceChildren();
    this.#parts.age.replaceChildren();
    this.#parts.drawn.replaceChildren(drawFailure(failure, this.#remedyButton));
  }

  readonly #remedyButton = (failure: Failure): HTMLElement | null => {
    const { remedy, label } = adviceFor(failure);
    if (![...OWN_REMEDIES, ...this.remedies].includes(remedy)) return null;
    return h('button', { type: 'button', class: 'button', part: 'remedy', 'data-remedy': remedy, onclick: () => void this.#remedy(remedy, failure) }, label);
  };

  async #remedy(remedy: Remedy, failure: Failure): Promise<void> {
    const [integration, block] = [this.getAttribute('integration') ?? '', this.getAttribute('block') ?? ''];
    const detail: RemedyDetail = { remedy, integration, block, failure };
    const isLeft = this.dispatchEvent(new CustomEvent('patchbay-remedy', { detail, bubbles: true, composed: true, cancelable: true }));
    if (!isLeft) return;
    const { client } = this;
    if (remedy === 'settings') openSettings(this.#frame, client, integration, this.#details?.name ?? integration);
    else if (remedy === 'review') open(`${client.baseUrl}/review/${encodeURIComponent(integration)}`, '_blank', 'noopener');
    else if (remedy === 'signin') open(`${client.baseUrl}/signin`, '_blank', 'noopener');
    else if (remedy === 'enable') await client.enable(integration, true).catch(() => this.refresh());
    else await this.#observer?.refresh({ useCache: true });
  }
}

/** The title that the data itself has, where the display names its field. */
function titleIn(data: unknown, { title }: Display): string {
  const value = title !== undefined && isRecord(data) ? fieldOf(data, title) : null;
  return isScalar(value) ? String(value ?? '') : '';
}

/** An input as a few words. */
function asWords(value: unknown): string {
  const href = safeUrl(value);
  return href ? shortAddress(href) : String(value);
}
