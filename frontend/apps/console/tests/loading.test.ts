import type { LiveEvent } from '@patchbay/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, defineComponent, h } from 'vue';

import { CONSOLE } from '../src/console.ts';
import { type LoadOptions, isOfCalls, isOfSettings, useLoaded } from '../src/loading.ts';

/** A page that loads something; returns how often it did, and what tells it an event. */
function open(options: LoadOptions) {
  const listeners = new Set<(event: LiveEvent) => void>();
  const changes = new Set<() => void>();
  const client = {
    subscribe: (listener: (event: LiveEvent) => void) => (listeners.add(listener), () => listeners.delete(listener)),
    onChange: (listener: () => void) => (changes.add(listener), () => changes.delete(listener)),
  };
  const reads = { count: 0 };
  const page = defineComponent(() => {
    useLoaded(async () => (reads.count += 1), options);
    return () => h('p');
  });
  const app = createApp(page).provide(CONSOLE, { client: { value: client } } as never);
  app.mount(document.createElement('div'));
  return {
    app, reads,
    tell: (type: string) => listeners.forEach((listener) => listener({ type, id: '' })),
    change: () => changes.forEach((listener) => listener()),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what is loaded', () => {
  it('is read again once for many events, and no more often than it may be', async () => {
    const { app, reads, tell } = open({ on: isOfCalls, every: 5000 });
    for (let second = 0; second < 20; second += 1) {
      tell('artifact.renewed');
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(reads.count).toBe(1 + 4);
    app.unmount();
    tell('artifact.renewed');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reads.count).toBe(5);
  });
  it('is not read for events that do not concern it, but when some are missing', async () => {
    const { reads, tell } = open({ on: isOfSettings });
    tell('artifact.renewed');
    tell('budget.spent');
    await vi.advanceTimersByTimeAsync(5000);
    expect(reads.count).toBe(1);
    tell('resync');
    await vi.advanceTimersByTimeAsync(5000);
    expect(reads.count).toBe(2);
  });
  it('is read soon after a change of the page itself', async () => {
    const { reads, tell, change } = open({ on: isOfCalls, every: 60_000 });
    await vi.advanceTimersByTimeAsync(2000);
    tell('artifact.renewed');
    change();
    await vi.advanceTimersByTimeAsync(300);
    expect(reads.count).toBe(2);
  });
});
