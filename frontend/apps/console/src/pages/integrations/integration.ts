/** The integration that a page and its tabs are about. */

import type { Integration } from '@patchbay/client';
import { type InjectionKey, inject } from 'vue';

import type { Loaded } from '../../loading.ts';

export const INTEGRATION: InjectionKey<Loaded<Integration>> = Symbol('integration');

export function useIntegration(): Loaded<Integration> {
  const found = inject(INTEGRATION);
  if (!found) throw new Error('There is no integration here.');
  return found;
}

/** The type of credential for which a person signs in at the provider. */
export const SIGNED_IN_BY_A_PERSON = 'oauth2_authorization_code';
