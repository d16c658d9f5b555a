/** Markup of strangers, parsed apart from any page: nothing in it is loaded or run. */

/** What a page that requires Trusted Types has to allow of ours; docs/security.md lists it. */
const POLICY = 'patchbay-inert';

interface Policy {
  createHTML: (text: string) => unknown;
}
interface TrustedTypes {
  createPolicy: (name: string, rules: { createHTML: (text: string) => string }) => Policy;
}

let policy: Policy | null = null;

function trusted(text: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  if (!trustedTypes) return text;
  policy ??= trustedTypes.createPolicy(POLICY, { createHTML: (markup) => markup });
  return policy.createHTML(text) as string;
}

/** The document. Nobody may move its elements into a page; take texts and checked attributes out of it. */
export const parseInert = (markup: string, type: 'text/html' | 'image/svg+xml'): Document => new DOMParser().parseFromString(trusted(markup), type);
