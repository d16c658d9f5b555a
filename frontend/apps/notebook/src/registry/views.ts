/** The views of this frontend. Patchbay hears of them at each start, and keeps their settings. */

import type { Declaration } from '@patchbay/client';
import { FileText, LayoutDashboard, type IconNode, Rows3 } from 'lucide';
import type { Component } from 'vue';

import declarations from './views.json';

export interface View {
  id: string;
  name: string;
  icon: IconNode;
  load: () => Promise<{ default: Component }>;
}

export const BOARD = 'notebook-board';
export const LIST = 'notebook-list';
export const PAGE = 'notebook-page';

/** What draws each view; its code is loaded when it is first shown. */
const DRAWN: Record<string, Pick<View, 'icon' | 'load'>> = {
  [BOARD]: { icon: LayoutDashboard, load: () => import('../views/BoardView.vue') },
  [LIST]: { icon: Rows3, load: () => import('../views/ListView.vue') },
  [PAGE]: { icon: FileText, load: () => import('../views/PageView.vue') },
};

export const declarationsOfViews = (): Declaration[] => declarations as Declaration[];

export const VIEWS: readonly View[] = declarations.flatMap(({ id, name }) => (DRAWN[id] ? [{ id, name, ...DRAWN[id] }] : []));
