/** What our own pages share: their look, and the parts that browsers have no element for. */

import './styles/base.css';
import './styles/controls.css';
import './styles/panels.css';
import './styles/data.css';

export { pageAddress } from './address.ts';
export { default as AppIcon } from './AppIcon.vue';
export { default as ConfirmDialog } from './ConfirmDialog.vue';
export { default as EmptyState } from './EmptyState.vue';
export { default as ErrorNotice } from './ErrorNotice.vue';
export { default as LoadingLines } from './LoadingLines.vue';
export { default as MenuButton } from './MenuButton.vue';
export { default as MeterBar } from './MeterBar.vue';
export { default as NoticeList } from './NoticeList.vue';
export { default as PromptDialog } from './PromptDialog.vue';
export { default as SearchField } from './SearchField.vue';
export { default as ServiceIcon } from './ServiceIcon.vue';
export { default as SidePanel } from './SidePanel.vue';
export { default as StatTile } from './StatTile.vue';
export { default as SwitchButton } from './SwitchButton.vue';
export { dismiss, notify } from './notices.ts';
