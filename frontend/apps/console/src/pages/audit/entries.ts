/** Entries of the audit log as people read them. */

import type { AuditEntry } from '@patchbay/client';

import { writeValue } from '../../format.ts';

export const AUTHORS: Record<AuditEntry['who']['kind'], string> = {
  owner_token: 'The owner\'s token', session: 'Browser', token: 'Frontend', command: 'Command line', file: 'Provisioning', server: 'This server', unknown: 'Not signed in',
};

/** The first parts of names. */
export const SUBJECTS: Record<string, string> = {
  plugin: 'Plugins', settings: 'Settings', secret: 'Secrets', secrets: 'Rotated secrets', review: 'Reviews', account: 'Accounts', action: 'Actions', token: 'Tokens', connect: 'Requests for tokens',
  session: 'Sign-ins', sign_in: 'Failed sign-ins', request: 'Refused requests', workspace: 'Workspaces', notebook: 'Notebooks', artifacts: 'Purges', history: 'Purged histories', schedule: 'Schedule',
  provisioning: 'Provisioning', backup: 'Backups', store: 'Copies of the store', key: 'Keys', owner_token: 'The owner\'s token', export: 'Exports',
};

const NAMES: Record<string, string> = {
  'plugin.registered': 'Plugin registered', 'plugin.enabled': 'Switched on', 'plugin.disabled': 'Switched off', 'plugin.inherited': 'Switch inherited again', 'plugin.deleted': 'Plugin deleted', 'plugin.handed_over': 'Plugin handed over',
  'settings.changed': 'Settings changed', 'secret.set': 'Secret entered', 'secret.deleted': 'Secret deleted', 'review.accepted': 'Review accepted', 'session.started': 'Signed in', 'session.ended': 'Signed out', 'sign_in.failed': 'Sign-in failed',
  'request.refused': 'Request refused', 'token.created': 'Token made', 'token.changed': 'Token changed', 'token.revoked': 'Token revoked', 'token.fetched': 'Token fetched', 'connect.accepted': 'Request for a token accepted', 'connect.denied': 'Request for a token denied',
  'schedule.pinned': 'Fetch pinned', 'schedule.unpinned': 'Fetch unpinned', 'artifacts.purged': 'Answers purged', 'action.run': 'Action run', 'export': 'Set-up exported', 'backup.made': 'Backup made', 'store.copied': 'Store copied',
};

/** `Plugin registered`; of a name that is not known here, its words. */
export const nameOf = (what: string): string => NAMES[what] ?? sentence(what.replace(/[._]/g, ' '));

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** `Frontend Dashboard`. */
export const authorOf = ({ who }: Pick<AuditEntry, 'who'>): string => [AUTHORS[who.kind], who.name].filter(Boolean).join(' ');

/** The thing that was changed, in a few words. */
export function subjectOf({ plugin_id: plugin, details }: AuditEntry): string {
  const [after, fields] = [details.after as { name?: string } | string | undefined, details.fields as string[] | undefined];
  const named = details.name ?? (typeof after === 'object' && after !== null ? after.name : undefined) ?? details.plugin ?? details.browser;
  const name = isChange(named) ? named.after : named;
  return [plugin ?? name, fields?.join(', ')].filter(Boolean).join(': ');
}

export interface Difference {
  name: string;
  before: string;
  after: string;
}

/** What was changed, value by value. */
export function differencesOf({ details }: AuditEntry): Difference[] {
  const changed = Object.entries(details).flatMap(([name, value]) => (isChange(value) ? [{ name, before: writeValue(value.before), after: writeValue(value.after) }] : []));
  return [...changed, ...setBetween(details.before, details.after)];
}

function setBetween(before: unknown, after: unknown): Difference[] {
  if (!isRecord(before) && !isRecord(after)) return before !== undefined || after !== undefined ? [{ name: 'value', before: writeValue(before), after: writeValue(after) }] : [];
  const [old, now] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].map((name) => ({ name, before: writeValue(old[name]), after: writeValue(now[name]) }));
}

/** The other details. */
export const factsOf = ({ details }: AuditEntry): [string, string][] =>
  Object.entries(details).filter(([name, value]) => name !== 'before' && name !== 'after' && !isChange(value)).map(([name, value]) => [sentence(name.replace(/_/g, ' ')), Array.isArray(value) ? value.map(writeValue).join(', ') : writeValue(value)]);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A detail that says how a value was before and is after. */
const isChange = (value: unknown): value is { before?: unknown; after?: unknown } => isRecord(value) && ('before' in value || 'after' in value);
