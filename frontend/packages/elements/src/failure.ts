/** A failed call as elements: what happened, what the provider said, and what to do. */

import { type Failure, adviceFor } from './advice.ts';
import { type Child, h, withCode } from './dom.ts';
import { icon } from './icons.ts';
import { ago } from './drawing/values.ts';

/** What a button does about a failure; null where nothing here can. */
export type RemedyButton = (failure: Failure) => HTMLElement | null;

const providerSaid = ({ upstreamMessage }: Failure): Child =>
  upstreamMessage !== null && h('p', {}, 'It says: ', h('q', {}, upstreamMessage));

export function drawFailure(failure: Failure, remedy: RemedyButton, more: Child = null): HTMLElement {
  const { title } = adviceFor(failure);
  const fields = Object.entries(failure.errors ?? {}).map(([path, messages]) =>
    h('li', {}, `${path.replace(/^parameters\./, '')}: ${[messages].flat().join(' ')}`),
  );
  return h('div', { class: 'failure', part: 'failure', role: 'alert' }, [
    h('p', { class: 'failure-title' }, icon('alert'), title),
    h('p', {}, withCode(failure.detail)),
    providerSaid(failure),
    fields.length > 0 && h('ul', {}, fields),
    failure.retryAfter !== null && h('p', {}, `Worth another try in ${failure.retryAfter} s.`),
    more,
    remedy(failure),
  ]);
}

/** What stands above data whose refresh has failed. */
export function drawStaleNotice(fetchedAt: string | null, failure: Failure, remedy: RemedyButton): HTMLElement {
  const when = fetchedAt ? ago(fetchedAt) : 'an earlier time';
  return h('div', { class: 'notice', part: 'notice' }, [
    h('p', {}, icon('clock'), 'From ', when, '. The refresh failed: ', withCode(failure.detail)),
    providerSaid(failure),
    remedy(failure),
  ]);
}
