/** The integration that a page and its tabs are about. Tabs open, and begin to read, while it is still being read. */

import type { Integration, PluginState } from '@patchbay/client';
import { type InjectionKey, inject } from 'vue';

import type { Loaded } from '../../loading.ts';

export interface OpenIntegration extends Loaded<Integration> {
  id: string;
}

export const INTEGRATION: InjectionKey<OpenIntegration> = Symbol('integration');
/** What is set for the place. */
export const OWN_STATE: InjectionKey<Loaded<PluginState>> = Symbol('own state');

const required = <Value>(found: Value | undefined): Value => {
  if (found === undefined) throw new Error('There is no integration here.');
  return found;
};
export const useIntegration = (): OpenIntegration => required(inject(INTEGRATION));
export const useOwnState = (): Loaded<PluginState> => required(inject(OWN_STATE));

/** The type of credential for which a person signs in at the provider. */
export const SIGNED_IN_BY_A_PERSON = 'oauth2_authorization_code';
