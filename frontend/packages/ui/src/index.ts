/** What our own pages share: their look, and the parts that browsers have no element for. */

import './styles/base.css';
import './styles/controls.css';
import './styles/panels.css';

export { default as AppIcon } from './AppIcon.vue';
export { default as EmptyState } from './EmptyState.vue';
export { default as MenuButton } from './MenuButton.vue';
export { default as NoticeList } from './NoticeList.vue';
export { default as PromptDialog } from './PromptDialog.vue';
export { default as SearchField } from './SearchField.vue';
export { default as SidePanel } from './SidePanel.vue';
export { dismiss, notify } from './notices.ts';
