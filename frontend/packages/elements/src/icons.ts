/** The icons of the elements: shapes of lucide, drawn in the colour of the text. */

import {
  ArrowDown, ArrowDownUp, ArrowRight, ArrowUp, Check, Clock, Cloud, CloudDrizzle, CloudFog, CloudLightning, CloudRain, CloudSnow, CloudSun, CloudSunRain,
  Download, ExternalLink, type IconNode, Inbox, RefreshCw, Sun, SunMedium, TriangleAlert, X, createElement,
} from 'lucide';

const ICONS = {
  alert: TriangleAlert,
  check: Check,
  clock: Clock,
  close: X,
  empty: Inbox,
  download: Download,
  down: ArrowDown,
  even: ArrowRight,
  external: ExternalLink,
  refresh: RefreshCw,
  sort: ArrowDownUp,
  up: ArrowUp,
  sun: Sun,
  'sun-medium': SunMedium,
  'cloud-sun': CloudSun,
  cloud: Cloud,
  fog: CloudFog,
  drizzle: CloudDrizzle,
  rain: CloudRain,
  snow: CloudSnow,
  showers: CloudSunRain,
  thunder: CloudLightning,
} satisfies Record<string, IconNode>;

export type IconName = keyof typeof ICONS;

/** An icon that says nothing by itself: words stand beside it, or its button has a label. */
export const icon = (name: IconName): SVGElement => createElement(ICONS[name], { class: 'icon', 'aria-hidden': 'true' });
