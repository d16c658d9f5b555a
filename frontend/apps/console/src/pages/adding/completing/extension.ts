/** Completion and hover in the editor, from the JSON Schema of a declaration, which is read when it is first needed. */

import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { EditorState, type Extension } from '@codemirror/state';
import { type EditorView, hoverTooltip } from '@codemirror/view';

import { type Offer, explainIn, offersIn } from './completions.ts';
import type { Schema } from './schemas.ts';

export function completeBy(schema: () => Promise<Schema>): Extension {
  const source = async ({ state, pos, explicit }: CompletionContext): Promise<CompletionResult | null> => {
    const text = state.doc.toString();
    const found = offersIn(await schema(), text, pos);
    // Unasked, nothing is offered before something is typed.
    if (!found || (!explicit && found.from === pos && !/[":\s-]/.test(text[pos - 1] ?? ''))) return null;
    // What is typed is compared with names: behind a quote that stays.
    const isQuoted = text[found.from] === '"' && found.offers.every((offer) => offer.text.startsWith('"'));
    return { from: found.from + Number(isQuoted), options: found.offers.map((offer, at) => completionOf(offer, at, { isQuoted, rest: found.to - pos })), validFor: /^[\w-]*$/ };
  };
  const hover = hoverTooltip(async (view, pos) => {
    const found = explainIn(await schema(), view.state.doc.toString(), pos);
    return found && { pos: found.from, end: found.to, above: true, create: () => ({ dom: drawAbout(found.name, found.about) }) };
  });
  return [EditorState.languageData.of(() => [{ autocomplete: source }]), hover];
}

const completionOf = ({ label, kind, text, isRequired, about }: Offer, at: number, { isQuoted, rest }: { isQuoted: boolean; rest: number }): Completion => ({
  label,
  // The rest of the word behind the cursor goes, too.
  apply: (view, _, from, to) => put(view, from, to + rest, isQuoted ? text.slice(1) : text),
  type: kind === 'name' ? 'property' : 'enum',
  detail: isRequired ? 'required' : undefined,
  // Those that match as well as another stand in the order of the schema.
  boost: -at / 100,
  info: about.length ? () => drawAbout(label, about) : undefined,
});

const put = (view: EditorView, from: number, to: number, insert: string): void =>
  view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, scrollIntoView: true, userEvent: 'input.complete' });

function drawAbout(name: string, about: readonly string[]): HTMLElement {
  const place = document.createElement('div');
  place.className = 'cm-about';
  const heading = document.createElement('strong');
  heading.textContent = name;
  const lines = about.map((text) => Object.assign(document.createElement('p'), { textContent: text }));
  place.append(heading, ...lines);
  return place;
}
