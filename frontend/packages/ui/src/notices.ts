/** Short notices at the lower edge, with what can be undone. */

import { type Ref, ref } from 'vue';

export interface Notice {
  id: number;
  text: string;
  action: { label: string; run: () => void } | null;
}

const LIFETIME_MILLISECONDS = 8000;
const MAX_NOTICES = 3;

export const notices: Ref<Notice[]> = ref([]);
let count = 0;

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Shows a notice for some seconds; one with an action a little longer. */
export function notify(text: string, action: Notice['action'] = null): void {
  count += 1;
  const id = count;
  notices.value = [...notices.value, { id, text, action }].slice(-MAX_NOTICES);
  setTimeout(() => dismiss(id), action ? LIFETIME_MILLISECONDS * 1.5 : LIFETIME_MILLISECONDS);
}
