/** The pages that the sidebar leads to. */

import { Activity, Blocks, CalendarClock, ChartLine, Database, type IconNode, Info, KeyRound, Layers, PanelsTopLeft, ScrollText, Stethoscope } from 'lucide';

export interface Destination {
  /** The name of a route. */
  to: string;
  label: string;
  icon: IconNode;
  /** Where the addresses of the page and of those below it begin. */
  path: string;
  /** Another page that belongs to it. */
  beside?: string;
}

export const DESTINATIONS: readonly Destination[] = [
  { to: 'overview', label: 'Overview', icon: Activity, path: '/' },
  { to: 'integrations', label: 'Integrations', icon: Blocks, path: '/integrations' },
  { to: 'answers', label: 'Cached answers', icon: Database, path: '/answers' },
  { to: 'schedule', label: 'Schedule', icon: CalendarClock, path: '/schedule' },
  { to: 'usage', label: 'Usage', icon: ChartLine, path: '/usage' },
  { to: 'workspaces', label: 'Workspaces', icon: Layers, path: '/workspaces' },
  { to: 'frontends', label: 'Frontends', icon: PanelsTopLeft, path: '/frontends', beside: '/connect' },
  { to: 'access', label: 'Access', icon: KeyRound, path: '/access' },
  { to: 'audit', label: 'Audit log', icon: ScrollText, path: '/audit' },
  { to: 'doctor', label: 'Doctor', icon: Stethoscope, path: '/doctor' },
  { to: 'about', label: 'About', icon: Info, path: '/about' },
];

/** Whether a page of the sidebar is open, or one below it. */
export const isOpen = ({ path, beside }: Destination, address: string): boolean =>
  path === '/' ? address === '/' : address === path || address === beside || address.startsWith(`${path}/`);
