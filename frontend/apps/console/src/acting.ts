/** What a button does: one call, with a notice of how it went. */

import { PatchbayError } from '@patchbay/client';
import { notify } from '@patchbay/ui';
import { type Ref, ref } from 'vue';

/** The failure of a call as text; what is not a failure of a call is thrown on. */
export function failureText(error: unknown): string {
  if (error instanceof PatchbayError) return error.detail;
  throw error;
}

export interface Acting {
  isBusy: Ref<boolean>;
  /** Runs a call once at a time; says what failed, or `done`. Returns whether it succeeded. */
  run: (act: () => Promise<unknown>, done?: string) => Promise<boolean>;
}

export function useActing(): Acting {
  const isBusy = ref(false);
  return {
    isBusy,
    run: async (act, done) => {
      if (isBusy.value) return false;
      isBusy.value = true;
      try {
        await act();
        if (done) notify(done);
        return true;
      } catch (error) {
        notify(failureText(error));
        return false;
      } finally {
        isBusy.value = false;
      }
    },
  };
}
