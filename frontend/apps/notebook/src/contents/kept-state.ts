/**
 * State that the server keeps, in the settings of a view in this notebook, and that several tabs and browsers may change.
 *
 * A change shows at once and is saved a moment later. It is a function of the state, so that it is applied again to
 * whatever another tab has saved meanwhile: neither loses anything.
 */

import { type Client, PatchbayError, type TaggedState } from '@patchbay/client';
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
  /** Sends what is not saved yet while the page goes. */
  leave: () => void;
}

const SAVE_AFTER_MILLISECONDS = 300;
const RETRY_AFTER_MILLISECONDS = 5000;

/** `isDeclared` resolves once the view is declared: before, there is nothing to save to. */
export function keepState<State>(client: Client, format: Format<State>, isDeclared: Promise<unknown>): KeptState<State> {
  type Change = (state: State) => State;
  const problem: Ref<PatchbayError | null> = ref(null);
  let latest: TaggedState | null = null;
  let saved = format.read({});
  let unsaved: readonly Change[] = [];
  let saving: Promise<void> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const state = shallowRef(saved);
  // Whoever changes something gets to know of it; until then there is nothing to tell.
  isDeclared.catch(() => {});

  const take = (taken: TaggedState | null, done: readonly Change[] = []): void => {
    // What is there already is not drawn again.
    if (taken?.etag && taken.etag === latest?.etag && done.length === 0) return;
    latest = taken;
    saved = format.read(taken?.config ?? {});
    unsaved = unsaved.filter((change) => !done.includes(change));
    state.value = applied(saved, unsaved);
  };

  const reload = async (): Promise<void> => {
    for (;;) {
      while (saving) await saving;
      const before = latest;
      const read = await stateOf(client, format.view);
      // What was saved meanwhile is newer than what was read.
      if (!saving && latest === before) return take(read);
    }
  };

  const save = async (): Promise<void> => {
    clearTimeout(timer);
    while (saving) await saving;
    if (unsaved.length === 0) return;
    saving = saveAll().finally(() => (saving = null));
    await saving;
  };

  const written = (config: Record<string, unknown>, changes: readonly Change[]): Record<string, unknown> =>
    format.write(config, applied(format.read(config), changes));

  const saveAll = async (): Promise<void> => {
    const changes = unsaved;
    try {
      await isDeclared;
      take(await client.changePluginState(format.view, (config) => written(config, changes)), changes);
      problem.value = null;
    } catch (error) {
      if (!(error instanceof PatchbayError)) throw error;
      problem.value = error;
      timer = setTimeout(save, RETRY_AFTER_MILLISECONDS);
    }
  };

  const leave = (): void => {
    if (unsaved.length === 0 || latest === null) return;
    clearTimeout(timer);
    const { config, etag } = latest;
    const changes = unsaved;
    // One request: nothing can be read first any more. If somebody else was faster, it changes nothing. A save of this
    // page that is under way is no such somebody: all its changes are in this one, too.
    saving = client
      .setPluginState(format.view, { config: written(config, changes) }, { etag: saving ? null : etag, keepalive: true })
      .then((taken) => take(taken, changes), () => {})
      .finally(() => (saving = null));
  };

  return {
    state,
    problem,
    change: (change) => {
      unsaved = [...unsaved, change];
      state.value = applied(saved, unsaved);
      clearTimeout(timer);
      timer = setTimeout(save, SAVE_AFTER_MILLISECONDS);
    },
    reload,
    save,
    leave,
  };
}

const applied = <State>(state: State, changes: readonly ((state: State) => State)[]): State =>
  changes.reduce((before, change) => change(before), state);

/** The notebook's own settings of a view; null while it is not declared. */
async function stateOf(client: Client, view: string): Promise<TaggedState | null> {
  try {
    return await client.pluginState(view);
  } catch (error) {
    if (error instanceof PatchbayError && error.code === 'not_found') return null;
    throw error;
  }
}
