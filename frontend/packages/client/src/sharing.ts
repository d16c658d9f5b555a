/**
 * One stream for all pages of an origin that want the same: browsers open at most six connections to a server over
 * HTTP/1.1. The page that holds a lock reads it and tells the others; when it closes, the next one gets the lock.
 */

import { GAP, type LiveEvent } from './event-stream.ts';
import { pause } from './repeating.ts';

export interface News {
  isOpen: boolean;
  /** Where the next stream begins. */
  lastId: string;
  events: LiveEvent[];
}

/** Reads streams until the signal is aborted, or until the server refuses this page. */
export type Lead = (tell: (news: News) => void, signal: AbortSignal) => Promise<void>;

const ASK = 'ask';
/** A page that leads tells at least every 15 seconds while its stream is open, unless its browser has frozen it. */
const MAX_SILENCE_MILLISECONDS = 50_000;
const AFTER_REFUSAL_MILLISECONDS = 300_000;

/** Leads, or hears from the page that does, until the signal is aborted. Without Web Locks every page leads for itself. */
export async function share(name: string, signal: AbortSignal, hear: (news: News) => unknown, lead: Lead): Promise<void> {
  const { document, navigator, BroadcastChannel } = globalThis;
  let isShared = Boolean(document && navigator?.locks && BroadcastChannel);
  const channel = isShared ? new BroadcastChannel(name) : null;
  let told: News | null = null;
  let isLeader = false;
  let isSilent = false;
  let turn = new AbortController();
  let silence: ReturnType<typeof setTimeout> | undefined;

  const tell = (news: News): void => {
    told = { ...news, events: [] };
    channel?.postMessage(news);
    hear(news);
  };
  const giveUpWaiting = (): void => {
    isSilent = true;
    hear({ isOpen: false, lastId: '', events: [] });
    turn.abort();
  };
  const takeTurn = async (): Promise<void> => {
    clearTimeout(silence);
    isLeader = true;
    await lead(tell, turn.signal);
  };

  /** Another page has taken the lead, because this one was silent: its browser had frozen it. */
  const lose = (): void => {
    hear({ isOpen: false, lastId: '', events: [GAP] });
    channel?.postMessage(ASK);
  };

  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<News | typeof ASK>) => {
      if (data === ASK) {
        if (told) channel.postMessage(told);
      } else if (!isLeader) {
        clearTimeout(silence);
        if (data.isOpen) silence = setTimeout(giveUpWaiting, MAX_SILENCE_MILLISECONDS);
        hear(data);
      }
    };
    channel.postMessage(ASK);
  }
  const stop = (): void => {
    clearTimeout(silence);
    channel?.close();
    turn.abort();
  };
  signal.addEventListener('abort', stop, { once: true });

  while (!signal.aborted) {
    turn = new AbortController();
    const options: LockOptions = isSilent ? { steal: true } : { signal: turn.signal };
    isSilent = false;
    try {
      await (isShared ? navigator.locks.request(name, options, takeTurn) : takeTurn());
      [isLeader, told] = [false, null];
      await pause(AFTER_REFUSAL_MILLISECONDS, signal);
    } catch {
      const isEnded = turn.signal.aborted;
      turn.abort();
      if (isLeader && !isEnded) lose();
      // A page without an origin has locks, but may not use them.
      else if (!isEnded) isShared = false;
      [isLeader, told] = [false, null];
    }
  }
}
