/** What this browser remembers of one notebook: which blocks it holds, and the chosen view and theme. */

/**
 * @typedef {object} PlacedBlock
 * @property {string} key
 * @property {string} integrationId
 * @property {string} blockId
 * @property {Record<string, any>} parameters
 */

/** @typedef {{ view: string | null, theme: string | null, blocks: PlacedBlock[] }} Remembered */

/** @param {any} value @returns {boolean} */
const isPlacedBlock = (value) =>
  typeof value?.key === 'string' &&
  typeof value.integrationId === 'string' &&
  typeof value.blockId === 'string' &&
  typeof value.parameters === 'object' &&
  value.parameters !== null;

/**
 * What the stored text says; anything it does not say properly is left out.
 *
 * @param {string | null} text
 * @returns {Remembered}
 */
export function remembered(text) {
  let stored = null;
  try {
    stored = JSON.parse(text ?? 'null');
  } catch {
    // Somebody else wrote there: start afresh rather than fail to open the notebook.
  }
  return {
    view: typeof stored?.view === 'string' ? stored.view : null,
    theme: typeof stored?.theme === 'string' ? stored.theme : null,
    blocks: Array.isArray(stored?.blocks) ? stored.blocks.filter(isPlacedBlock) : [],
  };
}

/**
 * The memory of one notebook, written through at every change.
 *
 * @param {number} workspaceId
 * @param {number} notebookId
 * @param {Storage} [storage]
 */
export function openStore(workspaceId, notebookId, storage = localStorage) {
  const name = `patchbay.notebook.${workspaceId}.${notebookId}`;
  const read = () => remembered(storage.getItem(name));
  let state = read();

  /** Other tabs write there too, so a change is made to what stands there now. @param {(now: Remembered) => Partial<Remembered>} change */
  const write = (change) => {
    const now = read();
    state = { ...now, ...change(now) };
    storage.setItem(name, JSON.stringify(state));
  };

  return {
    get view() {
      return state.view;
    },
    get theme() {
      return state.theme;
    },
    get blocks() {
      return state.blocks;
    },
    /** @param {string} view */
    chooseView: (view) => write(() => ({ view })),
    /** @param {string} theme */
    chooseTheme: (theme) => write(() => ({ theme })),

    /** @param {Omit<PlacedBlock, 'key'>} block @returns {PlacedBlock} */
    add(block) {
      const placed = { key: crypto.getRandomValues(new Uint32Array(2)).join('-'), ...block };
      write(({ blocks }) => ({ blocks: [...blocks, placed] }));
      return placed;
    },
    /** @param {string} key @param {Record<string, any>} parameters */
    change: (key, parameters) =>
      write(({ blocks }) => ({ blocks: blocks.map((block) => (block.key === key ? { ...block, parameters } : block)) })),
    /** @param {string} key */
    remove: (key) => write(({ blocks }) => ({ blocks: blocks.filter((block) => block.key !== key) })),

    /** Calls back whenever another tab has changed what is remembered. @param {() => void} changed */
    listen(changed) {
      addEventListener('storage', ({ key, storageArea }) => {
        if (storageArea !== storage || (key !== name && key !== null)) return;
        state = read();
        changed();
      });
    },
  };
}

/** @typedef {ReturnType<typeof openStore>} Store */
