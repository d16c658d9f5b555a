/** The pages by their addresses below /console. Each page is a chunk of its own. */

import { pageAddress } from '@patchbay/ui';
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
  { path: '/', name: 'overview', component: () => import('./pages/overview/OverviewPage.vue') },
  { path: '/integrations', name: 'integrations', component: () => import('./pages/integrations/IntegrationsPage.vue') },
  { path: '/integrations/:id', component: () => import('./pages/integrations/IntegrationPage.vue'), props: true, children: INTEGRATION_TABS },
  { path: '/answers', name: 'answers', component: () => import('./pages/AnswersPage.vue') },
  { path: '/schedule', name: 'schedule', component: () => import('./pages/SchedulePage.vue') },
  { path: '/usage', name: 'usage', component: () => import('./pages/usage/UsagePage.vue') },
  { path: '/usage/calls', name: 'calls', component: () => import('./pages/usage/CallsPage.vue') },
  { path: '/workspaces', name: 'workspaces', component: () => import('./pages/WorkspacesPage.vue') },
  { path: '/frontends', name: 'frontends', component: () => import('./pages/frontends/FrontendsPage.vue') },
  { path: '/connect', name: 'connect', component: () => import('./pages/frontends/ConnectPage.vue') },
  { path: '/audit', name: 'audit', component: () => import('./pages/audit/AuditPage.vue') },
  { path: '/access', name: 'access', component: () => import('./pages/AccessPage.vue') },
  { path: '/doctor', name: 'doctor', component: () => import('./pages/DoctorPage.vue') },
  { path: '/about', name: 'about', component: () => import('./pages/AboutPage.vue') },
  { path: '/add', name: 'add', component: () => import('./pages/adding/AddPage.vue') },
  { path: '/:rest(.*)*', name: 'unknown', component: () => import('./pages/UnknownPage.vue') },
];

export const createConsoleRouter = (): Router =>
  createRouter({
    history: createWebHistory(new URL(pageAddress('/console')).pathname),
    routes: PAGES,
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
  });
