/**
 * State that the server keeps, in the settings of a view in this notebook, and that several tabs and browsers may change.
 *
 * A change shows at once and is saved a moment later. It is a function of the state, so that it is applied again to
 * whatever another tab has saved meanwhile: neither loses anything.
 */

import { type Client, PatchbayError } from '@patchbay/client';
import { type Ref, type ShallowRef, ref, shallowRef } from 'vue';

export interface Format<State> {
  /** The id of the view in whose settings the state is. */
  view: string;
  read: (config: Record<string, any>) => State;
  write: (config: Record<string, unknown>, state: State) => Record<string, unknown>;
}

export interface KeptState<State> {
  state: Readonly<ShallowRef<State>>;
  /** Why the last try to save failed; null when everything is saved or on its way. */
  problem: Readonly<Ref<PatchbayError | null>>;
  change: (change: (state: State) => State) => void;
  /** Reads what is saved; changes that are not saved yet stay. */
  reload: () => Promise<void>;
  /** Saves now what is not saved yet. */
  save: () => Promise<void>;
}

const SAVE_AFTER_MILLISECONDS = 300;
const RETRY_AFTER_MILLISECONDS = 5000;

/** `isDeclared` resolves once the view is declared: before, there is nothing to save to. */
export function keepState<State>(client: Client, format: Format<State>, isDeclared: Promise<unknown>): KeptState<State> {
  type Change = (state: State) => State;
  const problem: Ref<PatchbayError | null> = ref(null);
  let saved = format.read({});
  let unsaved: Change[] = [];
  let saving: Promise<void> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const state = shallowRef(saved);

  const show = (): void => {
    state.value = unsaved.reduce((before, change) => change(before), saved);
  };

  const reload = async (): Promise<void> => {
    saved = format.read((await configOf(client, format.view)) ?? {});
    show();
  };

  const save = async (): Promise<void> => {
    clearTimeout(timer);
    await saving;
    if (unsaved.length === 0) return;
    saving = saveAll().finally(() => (saving = null));
    await saving;
  };

  const saveAll = async (): Promise<void> => {
    await isDeclared;
    const changes = unsaved;
    const apply = (config: Record<string, unknown>): Record<string, unknown> =>
      format.write(config, changes.reduce((before, change) => change(before), format.read(config)));
    try {
      const { config } = await client.changePluginState(format.view, apply);
      saved = format.read(config);
      unsaved = unsaved.slice(changes.length);
      problem.value = null;
      show();
    } catch (error) {
      if (!(error instanceof PatchbayError)) throw error;
      problem.value = error;
      timer = setTimeout(save, RETRY_AFTER_MILLISECONDS);
    }
  };

  return {
    state,
    problem,
    change: (change) => {
      unsaved = [...unsaved, change];
      show();
      clearTimeout(timer);
      timer = setTimeout(save, SAVE_AFTER_MILLISECONDS);
    },
    reload,
    save,
  };
}

/** The notebook's own settings of a view; null while it is not declared. */
async function configOf(client: Client, view: string): Promise<Record<string, any> | null> {
  try {
    return (await client.pluginState(view)).config;
  } catch (error) {
    if (error instanceof PatchbayError && error.code === 'not_found') return null;
    throw error;
  }
}
