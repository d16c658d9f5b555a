/** A failed call in words. */

import { PatchbayError } from '@patchbay/client';

/**
 * The failure of a call as text; what is not a failure of a call is thrown on.
 *
 * @param {unknown} error
 */
export function failureText(error) {
  if (error instanceof PatchbayError) return error.detail;
  throw error;
}
