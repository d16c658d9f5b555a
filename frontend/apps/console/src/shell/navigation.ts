/** The pages that the sidebar leads to. */

import { Activity, Blocks, type IconNode } from 'lucide';

export interface Destination {
  /** The name of a route. */
  to: string;
  label: string;
  icon: IconNode;
  /** Where the addresses of the page and of those below it begin. */
  path: string;
}

export const DESTINATIONS: readonly Destination[] = [
  { to: 'overview', label: 'Overview', icon: Activity, path: '/' },
  { to: 'integrations', label: 'Integrations', icon: Blocks, path: '/integrations' },
];

/** Whether a page of the sidebar is open, or one below it. */
export const isOpen = ({ path }: Destination, address: string): boolean =>
  path === '/' ? address === '/' : address === path || address.startsWith(`${path}/`);
