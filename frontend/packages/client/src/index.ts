/**
 * Patchbay's client: what a frontend needs to declare its plugins and to show their blocks. No dependencies.
 *
 *     import { createClient } from '@patchbay/client';
 *     const patchbay = createClient();
 *     patchbay.register(myPlugins);                             // at startup: one batch, nothing waits for it
 *     const { data } = await patchbay.render('open-meteo', 'current', { latitude: 38.7, longitude: -9.1 });
 *
 * Every failure is a `PatchbayError`, except that an aborted call rejects with the reason of its signal.
 */

export { type Change, type ChangeListener, concerns } from './changes.ts';
export { type Client, createClient } from './client.ts';
export { PatchbayError, retryAfterSeconds } from './errors.ts';
export type { LiveEvent } from './event-stream.ts';
export type { LiveListener, LiveOptions } from './live.ts';
export { type BlockObserver, type BlockState, type BlockTarget, observeBlock } from './observing.ts';
export { newIdempotencyKey } from './repeating.ts';
export type * from './types.ts';
