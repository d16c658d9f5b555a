/** What a token allows: as people read it, and as a form edits it. */

import type { ConnectRequest, Notebook, Token, Workspace } from '@patchbay/client';

export const SCOPES = [
  { id: 'declare', label: 'Register plugins', text: 'and change or delete those that it registered' },
  { id: 'configure', label: 'Configure', text: 'change settings, enter secrets, switch integrations on and off' },
  { id: 'render', label: 'Show data', text: 'render blocks, and be told when they change' },
  { id: 'operate', label: 'Operate', text: 'run actions, purge answers, pin fetches, read usage and calls' },
  { id: 'admin', label: 'Administer', text: 'manage tokens, browsers and workspaces' },
] as const;

/** Scopes in the order of the forms. */
export const scopesOf = (ids: readonly string[]): (typeof SCOPES)[number][] => SCOPES.filter(({ id }) => ids.includes(id));

/** Where a token counts. */
export type Where = 'all' | 'workspaces' | 'notebooks';
/** When a token ends, as it is chosen: never, in so many days, or on a date. */
export const ENDINGS = [
  { id: 'never', label: 'Never' },
  { id: '30', label: 'In 30 days' },
  { id: '90', label: 'In 90 days' },
  { id: '365', label: 'In a year' },
  { id: 'date', label: 'On a date' },
] as const;

export interface Draft {
  name: string;
  scopes: string[];
  where: Where;
  workspaces: number[];
  notebooks: number[];
  isAllIntegrations: boolean;
  integrations: string[];
  /** Ids of integrations that are not registered yet. */
  others: string;
  /** One per line. */
  origins: string;
  ends: string;
  /** `2030-12-31`, the last day. */
  lastDay: string;
}

type Limits = Pick<Terms, 'name' | 'scopes' | 'workspaces' | 'integrations'> & Partial<Terms>;

export const NEW: Limits = { name: '', scopes: ['render'], workspaces: null, integrations: null };

/** The form's state for what a frontend asks for; when the request itself expires is no end of the token. */
export const draftOfRequest = ({ name, scopes, workspaces, integrations }: ConnectRequest): Draft =>
  draftOf({ name, scopes, workspaces, integrations });

/** The form's state for a token. */
export function draftOf({ name, scopes, workspaces, notebooks, integrations, origins, expires_at: expires }: Limits): Draft {
  return {
    name,
    scopes: [...scopes],
    where: notebooks ? 'notebooks' : workspaces ? 'workspaces' : 'all',
    workspaces: [...(workspaces ?? [])],
    notebooks: [...(notebooks ?? [])],
    isAllIntegrations: integrations === null,
    integrations: [...(integrations ?? [])],
    others: '',
    origins: (origins ?? []).join('\n'),
    ends: expires ? 'date' : 'never',
    lastDay: expires ? dayOf(new Date(expires)) : '',
  };
}

/** What a request to make or change a token says of it. */
export type Terms = Pick<Token, 'name' | 'scopes' | 'workspaces' | 'notebooks' | 'integrations' | 'origins' | 'expires_at'>;

/** The body of a request. The `kept` end stays exact while its day is not changed. */
export function termsOf(draft: Draft, now: number, kept: string | null = null): Terms {
  return {
    name: draft.name.trim(),
    scopes: draft.scopes,
    workspaces: draft.where === 'workspaces' ? draft.workspaces : null,
    notebooks: draft.where === 'notebooks' ? draft.notebooks : null,
    integrations: draft.isAllIntegrations ? null : [...new Set([...draft.integrations, ...wordsOf(draft.others)])],
    origins: [...new Set(wordsOf(draft.origins))],
    expires_at: endOf(draft, now, kept),
  };
}

/** What is missing in a form, or null. */
export function missingIn(draft: Draft): string | null {
  if (draft.name.trim() === '') return 'Give it a name.';
  if (draft.scopes.length === 0) return 'Choose what it may do.';
  if (draft.where !== 'all' && draft[draft.where].length === 0) return `Choose the ${draft.where} that it is for.`;
  if (!draft.isAllIntegrations && draft.integrations.length + wordsOf(draft.others).length === 0) return 'Choose the integrations that it is for.';
  return draft.ends === 'date' && draft.lastDay === '' ? 'Choose the day on which it ends.' : null;
}

const DAY_MILLISECONDS = 86_400_000;
const wordsOf = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean);
const dayOf = (date: Date): string => [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');

function endOf({ ends, lastDay }: Draft, now: number, kept: string | null): string | null {
  if (ends === 'never') return null;
  if (ends !== 'date') return new Date(now + Number(ends) * DAY_MILLISECONDS).toISOString();
  if (kept && dayOf(new Date(kept)) === lastDay) return kept;
  return new Date(`${lastDay}T23:59:59`).toISOString();
}

export interface Named {
  id: number;
  name: string;
}

/** The names of workspaces and notebooks by their ids. */
export interface Places {
  workspaces: readonly Workspace[];
  notebooks: readonly Notebook[];
}

const named = (all: readonly Named[], ids: readonly number[]): string =>
  ids.map((id) => all.find((one) => one.id === id)?.name ?? `${id} (deleted)`).join(', ');

/** `Open-Meteo in Default`, `All integrations in all workspaces`. */
export function writeReach({ workspaces, notebooks, integrations }: Pick<Token, 'workspaces' | 'integrations'> & Partial<Pick<Token, 'notebooks'>>, places: Places): string {
  const what = integrations === null ? 'All integrations' : integrations.join(', ');
  if (notebooks) return `${what} in ${notebooks.length === 1 ? 'the notebook' : 'the notebooks'} ${named(places.notebooks, notebooks)}`;
  return `${what} in ${workspaces === null ? 'all workspaces' : named(places.workspaces, workspaces)}`;
}
