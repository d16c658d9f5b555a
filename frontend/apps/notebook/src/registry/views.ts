/** The views of this frontend. Patchbay hears of them at each start, and keeps their settings. */

import type { Declaration } from '@patchbay/client';
import { FileText, LayoutDashboard, type IconNode, Rows3 } from 'lucide';
import type { Component } from 'vue';

export interface View extends Declaration {
  type: 'view';
  icon: IconNode;
  load: () => Promise<{ default: Component }>;
}

export const BOARD = 'notebook-board';
export const LIST = 'notebook-list';
export const PAGE = 'notebook-page';

export const VIEWS: readonly View[] = [
  {
    id: BOARD,
    name: 'Board',
    version: '1.0.0',
    type: 'view',
    icon: LayoutDashboard,
    load: () => import('../views/BoardView.vue'),
    manifest: {
      description: 'Blocks on a grid, each as large as a person made it. Its settings hold what is in the notebook.',
      icon: 'lucide:layout-dashboard',
      properties: [
        { name: 'items', type: 'array', description: 'Blocks and links with their inputs and places.' },
        { name: 'order', type: 'array', description: 'Their order in the list.' },
        { name: 'integrations', type: 'array', description: 'What was added from the gallery.' },
        { name: 'view', type: 'string', description: 'The view that was chosen last.' },
        { name: 'theme', type: 'string', description: 'The theme; without one, that of the system.' },
      ],
    },
  },
  {
    id: LIST,
    name: 'List',
    version: '1.0.0',
    type: 'view',
    icon: Rows3,
    load: () => import('../views/ListView.vue'),
    manifest: { description: 'The same blocks one below the other.', icon: 'lucide:rows-3' },
  },
  {
    id: PAGE,
    name: 'Page',
    version: '1.0.0',
    type: 'view',
    icon: FileText,
    load: () => import('../views/PageView.vue'),
    manifest: {
      description: 'Text in Markdown, with blocks between the paragraphs.',
      icon: 'lucide:file-text',
      properties: [{ name: 'text', type: 'string', description: 'The page, in Markdown.' }],
    },
  },
];

export const declarationsOfViews = (): Declaration[] =>
  VIEWS.map(({ id, name, version, type, manifest }) => ({ id, name, version, type, manifest }));
