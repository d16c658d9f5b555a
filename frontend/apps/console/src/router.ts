/** The pages by their addresses below /console. Each page is a chunk of its own. */

import { type RouteRecordRaw, type Router, createRouter, createWebHistory } from 'vue-router';

const INTEGRATION_TABS: RouteRecordRaw[] = [
  { path: '', name: 'integration', component: () => import('./pages/integrations/SettingsTab.vue') },
  { path: 'connection', name: 'connection', component: () => import('./pages/integrations/ConnectionTab.vue') },
  { path: 'playground', name: 'playground', component: () => import('./pages/integrations/PlaygroundTab.vue') },
  { path: 'answers', name: 'integration-answers', component: () => import('./pages/integrations/AnswersTab.vue') },
  { path: 'manifest', name: 'manifest', component: () => import('./pages/integrations/ManifestTab.vue') },
  { path: 'review', name: 'review', component: () => import('./pages/integrations/ReviewTab.vue') },
  { path: 'remove', name: 'remove', component: () => import('./pages/integrations/RemoveTab.vue') },
];

const PAGES: RouteRecordRaw[] = [
  { path: '/', name: 'overview', component: () => import('./pages/OverviewPage.vue') },
  { path: '/integrations', name: 'integrations', component: () => import('./pages/integrations/IntegrationsPage.vue') },
  { path: '/integrations/:id', component: () => import('./pages/integrations/IntegrationPage.vue'), props: true, children: INTEGRATION_TABS },
  { path: '/:rest(.*)*', name: 'unknown', component: () => import('./pages/UnknownPage.vue') },
];

export const createConsoleRouter = (): Router =>
  createRouter({
    history: createWebHistory('/console'),
    routes: PAGES,
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
  });
