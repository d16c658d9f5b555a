/** One open notebook: whose it is, what it holds, which panel is open, and what a person can do with it. */

import { type Client, type Notebook as NotebookRow, type Registration, PatchbayError } from '@patchbay/client';
import { notify } from '@patchbay/ui';
import { type InjectionKey, type Ref, inject, ref } from 'vue';

import { type Change, type BlockItem, type Contents, type Item, type LinksItem, addIntegration, addItem, changeItem, closeGaps, freePlace, newKey, placeItems, placesOf, readContents, removeIntegration, removeItem, writeContents } from './contents/contents.ts';
import { type KeptState, keepState } from './contents/kept-state.ts';
import type { Size } from './contents/sizes.ts';
import { declare, loadDeclaration } from './registry/gallery.ts';
import { declarationsOfThemes } from './registry/themes.ts';
import { BOARD, PAGE, declarationsOfViews } from './registry/views.ts';

export type Panel =
  | { kind: 'add'; address?: string; integration?: string }
  | { kind: 'inputs'; key: string }
  | { kind: 'links'; key: string }
  | { kind: 'settings'; integration: string; from?: Panel | null }
  | { kind: 'integrations' }
  | null;

/** An item that has no place yet. */
export type NewItem = Omit<BlockItem, 'key' | 'place'> | Omit<LinksItem, 'key' | 'place'>;

export interface Notebook {
  workspaceId: number;
  row: Ref<NotebookRow>;
  /** Speaks for the workspace: what is set here counts in all its notebooks. */
  client: Client;
  /** Speaks for this notebook: what is rendered and kept here is its own. */
  reader: Client;
  contents: KeptState<Contents>;
  page: KeptState<string>;
  /** Resolves once the views are declared: before, nothing is kept for them. */
  isDeclared: Promise<unknown>;
  panel: Ref<Panel>;
  isArranging: Ref<boolean>;
  /** Declarations that Patchbay did not accept. */
  refused: Ref<Registration[]>;
  change: (change: Change) => void;
  /** Places a new item where there is room, and returns it. */
  add: (item: NewItem, size: Size) => Item;
  /** Removes an item; a notice offers to bring it back. */
  remove: (item: Item, name: string) => void;
  edit: (key: string, part: Parameters<typeof changeItem>[1]) => void;
  /** Declares an integration of the gallery and remembers it. */
  addIntegration: (id: string) => Promise<void>;
  /** Deletes an integration with its settings, and its blocks here. */
  removeIntegration: (id: string) => Promise<void>;
}

export interface Parts {
  workspaceId: number;
  row: NotebookRow;
  client: Client;
  reader: Client;
}

export function createNotebook({ workspaceId, row, client, reader }: Parts): Notebook {
  const refused: Ref<Registration[]> = ref([]);
  const keepRefused = (results: Registration[]): void => {
    refused.value = [...refused.value, ...results.filter(({ registered }) => !registered)];
  };
  const isDeclared = client.register([...declarationsOfViews(), ...declarationsOfThemes()]).then(({ results }) => keepRefused(results));
  const contents = keepState(reader, { view: BOARD, read: readContents, write: writeContents }, isDeclared);
  const page = keepState(reader, { view: PAGE, read: textOf, write: (config, text) => ({ ...config, text }) }, isDeclared);
  const change = contents.change;

  return {
    workspaceId, client, reader, contents, page, isDeclared, refused, change,
    row: ref(row),
    panel: ref(null),
    isArranging: ref(false),
    add: (item, size) => {
      const added = { ...item, key: newKey(), place: freePlace(contents.state.value.items, size) } as Item;
      change(addItem(added));
      return added;
    },
    remove: (item, name) => {
      const places = placesOf(contents.state.value);
      change((before) => closeGaps(removeItem(item.key)(before)));
      notify(`${name} removed.`, { label: 'Undo', run: () => change((before) => placeItems(places)(addItem(item)(before))) });
    },
    edit: (key, part) => change(changeItem(key, part)),
    addIntegration: async (id) => {
      await declare(client, id);
      change(addIntegration(id));
    },
    removeIntegration: async (id) => {
      const { items, integrations } = contents.state.value;
      // Saved first: a page that is loaded meanwhile would declare it again.
      change(removeIntegration(id));
      await contents.save();
      await client.deletePlugin(id).catch((error: unknown) => {
        const blocks = items.filter((item) => item.type === 'block' && item.integration === id);
        change((now) => blocks.reduce((kept, block) => addItem(block)(kept), integrations.includes(id) ? addIntegration(id)(now) : now));
        throw error;
      });
    },
  };
}

/** Declares what was added from the gallery, as at every start of a frontend; what the gallery no longer has stays as it is. */
export async function declareIntegrations({ client, contents, refused }: Notebook): Promise<void> {
  const ids = contents.state.value.integrations;
  const found = await Promise.all(ids.map((id) => loadDeclaration(id).catch(() => null)));
  const declarations = found.filter((declaration) => declaration !== null);
  if (declarations.length === 0) return;
  const { results } = await client.register(declarations);
  refused.value = [...refused.value, ...results.filter(({ registered }) => !registered)];
}

export const failureText = (error: unknown): string =>
  error instanceof PatchbayError ? error.detail : 'This did not work. Please try again.';

const textOf = ({ text }: Record<string, any>): string => (typeof text === 'string' ? text : '');

export const NOTEBOOK: InjectionKey<Notebook> = Symbol('notebook');

/** The notebook that is open. */
export function useNotebook(): Notebook {
  const notebook = inject(NOTEBOOK);
  if (!notebook) throw new Error('There is no notebook here.');
  return notebook;
}
