/** An answer without anything in it: that it is one, and what it may mean. */

import { h } from '../dom.ts';
import { icon } from '../icons.ts';
import { type Kind, own } from './display.ts';

const TITLES: Partial<Record<Kind, string>> = { feed: 'No entries', timeline: 'Nothing is planned', status: 'Nothing is watched', map: 'No places', table: 'No rows', list: 'An empty list' };

export const drawEmpty = (kind: Kind | undefined): HTMLElement =>
  h('div', { class: 'empty', part: 'empty' }, [
    icon('empty'),
    h('p', { class: 'empty-title' }, own(TITLES as Record<string, string>, kind ?? '') ?? 'Nothing here'),
    h('p', {}, 'The provider answered, and its answer is empty. There may be nothing new, or the inputs match nothing.'),
  ]);
