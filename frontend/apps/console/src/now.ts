/** The present time, moving on while somebody looks. */

import { type Ref, onScopeDispose, ref } from 'vue';

const EVERY_MILLISECONDS = 5000;
const now = ref(Date.now());
let readers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export function useNow(): Readonly<Ref<number>> {
  readers += 1;
  now.value = Date.now();
  timer ??= setInterval(() => (now.value = Date.now()), EVERY_MILLISECONDS);
  onScopeDispose(() => {
    readers -= 1;
    if (readers > 0) return;
    clearInterval(timer);
    timer = undefined;
  });
  return now;
}
