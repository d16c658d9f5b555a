/** The notebook on the page: its blocks, its view and theme, and the panels that change them. */

import { drawInputs, drawOffers } from './adding.js';
import { BlockOnPage } from './block.js';
import { byId, h } from './dom.js';
import { createDrawer } from './drawer.js';
import { failureText } from './failures.js';
import { keyHint, listenToKeys } from './keyboard.js';
import { drawPanel } from './panel.js';
import { THEMES, VIEWS } from './plugins.js';
import { drawSettings } from './settings.js';
import { darkScheme, suitingTheme } from './themes.js';

/** @typedef {import('@patchbay/client').Client} Client */
/** @typedef {import('@patchbay/client').Integration} Integration */
/** @typedef {import('@patchbay/client').Declaration} Declaration */
/** @typedef {import('@patchbay/client').BatchResult} BatchResult */
/** @typedef {import('./advice.js').Remedy} Remedy */
/** @typedef {import('./matching.js').Offer} Offer */
/** @typedef {import('./store.js').Store} Store */

/**
 * @typedef {object} Parts What a notebook is made of.
 * @property {Client} client Speaks for the workspace: settings.
 * @property {Client} reader Speaks for the notebook: renders.
 * @property {Store} store
 * @property {Declaration[]} declared
 * @property {BatchResult} batch What Patchbay said to them.
 * @property {Integration[]} integrations
 */

export class NotebookOnPage {
  /** @param {Parts} parts */
  constructor({ client, reader, store, declared, batch, integrations }) {
    this.client = client;
    this.reader = reader;
    this.store = store;
    this.declared = declared;
    this.batch = batch;
    this.integrations = new Map(integrations.map((integration) => [integration.id, integration]));
    this.drawer = createDrawer(/** @type {HTMLDialogElement} */ (byId('drawer')));
    this.place = byId('blocks');
    this.status = byId('status');
    this.settingsHost = {
      client,
      changed: (/** @type {string} */ id) => this.integrationChanged(id),
      reopen: (/** @type {string} */ id) => this.openSettings(id),
      announce: (/** @type {string} */ text) => this.announce(text),
    };
    this.blocks = store.blocks.map((placed) => this.makeBlock(placed));
    /** What is on the page, as `layout` says it. */
    this.drawnLayout = '';
  }

  /** Draws everything and asks for each block's data. */
  start() {
    this.offerChoices('view', VIEWS, (id) => this.chooseView(id));
    this.offerChoices('theme', THEMES, (id) => this.chooseTheme(id));
    darkScheme.addEventListener('change', () => this.drawTheme());
    byId('add-block').addEventListener('click', () => this.openOffers());
    byId('open-plugins').addEventListener('click', () => this.openPanel());
    listenToKeys(this.place, (element) => this.blockOf(element)?.load({ useCache: false }));
    this.store.listen(() => this.followStore());
    this.drawTheme();
    this.drawView();
    for (const block of this.blocks) block.load();
  }

  /** @param {string} text What those who do not see the page should hear. */
  announce(text) {
    this.status.textContent = text;
  }

  /** @param {import('./store.js').PlacedBlock} placed */
  makeBlock(placed) {
    return new BlockOnPage(placed, {
      client: this.reader,
      integration: (id) => this.integrations.get(id),
      announce: (text) => this.announce(text),
      remedy: (remedy, block) => this.remedies[remedy]?.(block),
      renewed: (integrationId, blockIds) => this.drawRenewed(integrationId, blockIds),
    });
  }

  /** @param {HTMLElement} element */
  blockOf(element) {
    return this.blocks.find((block) => block.element === element);
  }

  /** @param {'view' | 'theme'} type */
  declaredOf(type) {
    return this.declared.filter((declaration) => declaration.type === type);
  }

  get view() {
    const views = this.declaredOf('view');
    return views.find(({ id }) => id === this.store.view) ?? views[0];
  }

  get theme() {
    const themes = this.declaredOf('theme');
    return themes.find(({ id }) => id === this.store.theme) ?? suitingTheme(themes);
  }

  /**
   * @param {'view' | 'theme'} type
   * @param {Record<string, unknown>} drawn What this page has code for.
   * @param {(id: string) => void} choose
   */
  offerChoices(type, drawn, choose) {
    const choices = this.declaredOf(type).filter(({ id }) => id in drawn);
    byId(`${type}-choices`).replaceChildren(
      ...choices.map(({ id, name }) => {
        const input = h('input', { type: 'radio', name: type, value: id, checked: this[type]?.id === id });
        input.addEventListener('change', () => choose(id));
        return h('label', {}, input, h('span', {}, name));
      }),
    );
  }

  /** @param {string} id */
  chooseView(id) {
    this.store.chooseView(id);
    this.drawView();
  }

  /** @param {string} id */
  chooseTheme(id) {
    this.store.chooseTheme(id);
    this.drawTheme();
  }

  drawTheme() {
    const { theme } = this;
    if (!theme) return;
    THEMES[theme.id](theme);
    this.checkChoice('theme', theme.id);
  }

  /** @param {'view' | 'theme'} type @param {string} id */
  checkChoice(type, id) {
    const radio = document.querySelector(`input[name="${type}"][value="${id}"]`);
    if (radio instanceof HTMLInputElement) radio.checked = true;
  }

  /** Lays the blocks out; what they show stays as it is. */
  drawView() {
    const { view } = this;
    const elements = this.blocks.map(({ element }) => element);
    if (elements.length === 0) this.place.replaceChildren(this.emptyState());
    else if (view) this.place.replaceChildren(VIEWS[view.id](elements, view.manifest), keyHint());
    else this.place.replaceChildren(...elements);
    this.place.dataset.view = view?.id ?? '';
    this.drawnLayout = this.layout;
    if (view) this.checkChoice('view', view.id);
  }

  /** Shows what another tab has changed; blocks that stay keep what they show. */
  followStore() {
    const standing = new Map(this.blocks.map((block) => [block.placed.key, block]));
    this.blocks = this.store.blocks.map((placed) => standing.get(placed.key) ?? this.makeBlock(placed));
    this.drawTheme();
    if (this.layout !== this.drawnLayout) {
      const focused = document.activeElement;
      this.drawView();
      // What is laid out anew loses the focus on the way.
      if (focused instanceof HTMLElement && focused.isConnected) focused.focus();
    }
    for (const placed of this.store.blocks) {
      const block = standing.get(placed.key);
      standing.delete(placed.key);
      if (block === undefined) this.blocks.find((made) => made.placed.key === placed.key)?.load();
      else if (JSON.stringify(block.placed.parameters) !== JSON.stringify(placed.parameters)) block.change(placed.parameters);
    }
    for (const gone of standing.values()) gone.abandon();
  }

  /** The view and the blocks in it, to tell whether they are laid out as they should be. */
  get layout() {
    return [this.view?.id, ...this.blocks.map(({ placed }) => placed.key)].join(' ');
  }

  emptyState() {
    return h('div', { class: 'empty' }, [
      h('h2', {}, 'Nothing here yet'),
      h('p', {}, 'A block shows what one of your services knows: the weather, an issue, a feed.'),
      h('button', { type: 'button', class: 'button primary', onclick: () => this.openOffers() }, 'Add the first block'),
    ]);
  }

  /** Reads an integration again and draws the blocks that it feeds anew. @param {string} id */
  async integrationChanged(id) {
    this.integrations.set(id, await this.client.integration(id));
    for (const block of this.blocks) {
      if (block.placed.integrationId === id) block.load();
    }
  }

  /** Draws the blocks anew of which nothing is kept any more. @param {string} integrationId @param {string[]} blockIds */
  drawRenewed(integrationId, blockIds) {
    for (const block of this.blocks) {
      if (block.placed.integrationId === integrationId && blockIds.includes(block.placed.blockId)) block.load();
    }
  }

  openPanel() {
    const integrations = [...this.integrations.values()];
    const open = (/** @type {string} */ id) => this.openSettings(id, () => this.openPanel());
    const { declared, batch, settingsHost: host } = this;
    this.drawer.show('Plugins', [drawPanel({ integrations, declared, batch, host, open })]);
  }

  /** @param {string} id @param {() => void} [back] */
  async openSettings(id, back = () => this.openPanel()) {
    try {
      const integration = await this.client.integration(id);
      this.integrations.set(id, integration);
      this.drawer.show(integration.name, [await drawSettings(integration, this.settingsHost)], { back });
    } catch (error) {
      this.drawer.show('Settings', [h('p', { class: 'notice' }, failureText(error))], { back });
    }
  }

  /** @returns {Offer[]} */
  offers() {
    return [...this.integrations.values()].flatMap((integration) =>
      integration.blocks.map((block) => ({ integration, block })),
    );
  }

  openOffers() {
    const choose = (/** @type {Offer} */ offer, /** @type {Record<string, any>} */ values) => this.openInputs(offer, values);
    this.drawer.show('Add a block', [drawOffers(this.offers(), choose)]);
  }

  /** @param {Offer} offer @param {Record<string, any>} values */
  openInputs(offer, values) {
    const { integration, block } = offer;
    const done = (/** @type {Record<string, any>} */ parameters) => {
      this.add(integration.id, block.id, parameters);
      this.drawer.close();
    };
    const form = drawInputs(offer, { values, verb: 'Add', done });
    this.drawer.show(block.name ?? block.id, [form], { back: () => this.openOffers() });
  }

  /** @param {string} integrationId @param {string} blockId @param {Record<string, any>} parameters */
  add(integrationId, blockId, parameters) {
    const block = this.makeBlock(this.store.add({ integrationId, blockId, parameters }));
    this.blocks.push(block);
    this.drawView();
    block.load();
    block.element.scrollIntoView({ block: 'nearest' });
  }

  /** @param {BlockOnPage} block */
  changeInputs(block) {
    const integration = this.integrations.get(block.placed.integrationId);
    if (!integration) return;
    const done = (/** @type {Record<string, any>} */ parameters) => {
      this.store.change(block.placed.key, parameters);
      block.change(parameters);
      this.drawer.close();
    };
    const form = drawInputs(
      { integration, block: block.declared },
      { values: block.placed.parameters, verb: 'Save', errors: block.errors, done },
    );
    this.drawer.show(block.title, [form]);
  }

  /** @param {BlockOnPage} block */
  remove(block) {
    block.abandon();
    this.store.remove(block.placed.key);
    const at = this.blocks.indexOf(block);
    this.blocks.splice(at, 1);
    this.drawView();
    this.announce(`${block.title} removed.`);
    (this.blocks[Math.min(at, this.blocks.length - 1)]?.element ?? byId('add-block')).focus();
  }

  /** @param {BlockOnPage} block */
  async enable(block) {
    try {
      await this.client.enable(block.placed.integrationId, true);
      await this.integrationChanged(block.placed.integrationId);
    } catch (error) {
      this.announce(failureText(error));
    }
  }

  /** What each remedy does. @type {Partial<Record<Remedy, (block: BlockOnPage) => void>>} */
  remedies = {
    settings: (block) => this.openSettings(block.placed.integrationId),
    review: (block) => this.openSettings(block.placed.integrationId),
    enable: (block) => this.enable(block),
    inputs: (block) => this.changeInputs(block),
    remove: (block) => this.remove(block),
    signin: () => location.assign(`/signin?next=${encodeURIComponent(location.pathname + location.search)}`),
  };
}
