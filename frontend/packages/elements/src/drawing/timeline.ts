/** What happens when, in order and by day. */

import { type Child, externalLink, h } from '../dom.ts';
import { type Display, MOMENT, TITLE, type Values, fieldOf, firstText, isRecord, isRecords, isScalar, own } from './display.ts';
import { isDay, momentOf, writeDay, writeTime } from './format.ts';
import { addressOf } from './media.ts';
import { entriesOf } from './pages.ts';
import { limitOf } from './records.ts';
import { fillRows } from './rows.ts';
import { textOf } from './text.ts';
import { unitOf } from './units.ts';
import { drawField } from './values.ts';

const END = ['end', 'ends_at', 'until'];
const PLACE = ['location', 'place', 'room'];

interface Happening {
  entry: Values;
  at: Date;
  isWholeDay: boolean;
}

const momentField = (record: Values, display: Display): string =>
  display.x ?? MOMENT.find((name) => momentOf(record[name], own(display.units, name))) ?? '';

/** Whether every entry has a moment, and no more to it than a name. */
export function isTimeline(data: any): boolean {
  const entries = entriesOf(data);
  return isRecords(entries) && entries.every((entry) => firstText(entry, TITLE) !== '' && /^(?:start|starts_at)$/.test(momentField(entry, {})));
}

export function drawTimeline(data: any, display: Display = {}): HTMLElement {
  const ordered = happenings(data, display);
  const list = h('ol', { class: 'timeline', part: 'timeline' });
  let day = '';
  const rest = fillRows(list, ordered, limitOf(display), (happening) => {
    const on = nameOfDay(happening);
    const heading = on === day ? [] : [h('li', { class: 'timeline-day' }, on)];
    day = on;
    return [...heading, drawHappening(happening, display)];
  });
  return h('div', {}, list, rest);
}

function happenings(data: any, display: Display): Happening[] {
  const found = (entriesOf(data) ?? []).filter(isRecord).flatMap((entry) => {
    const name = momentField(entry, display);
    const value = fieldOf(entry, name);
    const at = momentOf(value, unitOf(entry, name, display));
    return at ? [{ entry, at, isWholeDay: isDay(value) }] : [];
  });
  return found.sort((one, other) => one.at.getTime() - other.at.getTime());
}

/** `Today`, `Tomorrow`, `Mon 4 May`. */
function nameOfDay({ at, isWholeDay }: Happening): string {
  const written = writeDay(at, isWholeDay ? 'UTC' : undefined);
  const now = Date.now();
  if (written === writeDay(new Date(now))) return 'Today';
  return written === writeDay(new Date(now + 86_400_000)) ? 'Tomorrow' : written;
}

function drawHappening({ entry, at, isWholeDay }: Happening, display: Display): HTMLElement {
  const until = END.map((name) => momentOf(entry[name])).find(Boolean);
  const isOver = (until ?? at).getTime() + (isWholeDay ? 86_400_000 : 0) < Date.now();
  const times: Child = isWholeDay ? 'All day' : [writeTime(at), until && until > at && until.toDateString() === at.toDateString() && h('span', { class: 'until' }, writeTime(until))];
  const others = display.fields?.filter((name) => !TITLE.includes(name) && name !== momentField(entry, display) && isScalar(fieldOf(entry, name)) && fieldOf(entry, name)) ?? PLACE.filter((name) => typeof entry[name] === 'string' && entry[name]);
  return h('li', { class: isOver ? 'timeline-entry over' : 'timeline-entry' }, [
    h('time', { datetime: at.toISOString() }, times),
    h('div', {}, [
      h('p', { class: 'item-title' }, externalLink(addressOf(entry), textOf(firstText(entry, TITLE)) || 'Untitled')),
      others.length > 0 && h('p', { class: 'source joined' }, others.map((name) => h('span', {}, drawField(entry, name, display)))),
    ]),
  ]);
}
