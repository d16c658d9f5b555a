/** An editor of JSON and YAML by CodeMirror. Loaded when it is first needed. */

import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, type Text } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { basicSetup } from 'codemirror';

import { completeBy } from './completing/extension.ts';
import { isJson } from './completing/places.ts';
import type { Schema } from './completing/schemas.ts';

/** A finding with its place: lines and columns count from 1. */
export interface Marked {
  level: 'error' | 'warning';
  message: string;
  line: number;
  column: number;
}

export interface EditorOptions {
  text: string;
  label: string;
  /** What can be typed; asked for once something is typed. */
  schema: () => Promise<Schema>;
  changed: (text: string) => void;
}

export interface Editor {
  text: () => string;
  setText: (text: string) => void;
  mark: (found: readonly Marked[]) => void;
  goTo: (line: number, column: number) => void;
  end: () => void;
}

const THEME = EditorView.theme({
  '&': { height: '100%', fontSize: '0.8125rem', color: 'var(--ink)', backgroundColor: 'var(--surface)' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { color: 'var(--ink-soft)', backgroundColor: 'var(--surface)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--ink) 5%, transparent)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--accent) 25%, transparent) !important' },
  '.cm-tooltip, .cm-panels': { color: 'var(--ink)', backgroundColor: 'var(--surface-raised)', border: '1px solid var(--line)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-mono)', maxWidth: 'min(26rem, 80vw)' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '0.2rem 0.5rem' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { color: 'var(--on-accent)', backgroundColor: 'var(--accent)' },
  // Their glyphs are missing in many fonts.
  '.cm-completionIcon': { display: 'none' },
  '.cm-completionDetail': { fontStyle: 'normal', opacity: '0.75' },
  '.cm-about': { maxWidth: '22rem', padding: '0.35rem 0.55rem', font: '0.8125rem/1.45 var(--font)' },
  '.cm-about p': { margin: '0.2rem 0 0', color: 'var(--ink-soft)' },
  '.cm-matchingBracket': { backgroundColor: 'color-mix(in srgb, var(--good) 25%, transparent) !important' },
});
const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.content], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--warn)' },
  { tag: [tags.comment, tags.punctuation, tags.separator], color: 'var(--ink-soft)' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

/**
 * An editor in `place`. Its styles stay in a shadow root, where the page's policy allows them. Tab leaves it, so that the
 * keyboard does not get stuck in it.
 */
export function createEditor(place: HTMLElement, { text, label, schema, changed }: EditorOptions): Editor {
  const root = place.shadowRoot ?? place.attachShadow({ mode: 'open' });
  const language = new Compartment();
  const languageOf = (of: string) => (isJson(of) ? json() : yaml());
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        basicSetup, THEME, syntaxHighlighting(COLOURS), language.of(languageOf(text)), lintGutter(), EditorView.lineWrapping, completeBy(schema),
        EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          const now = update.state.doc.toString();
          if (isJson(now) !== isJson(update.startState.doc.toString())) view.dispatch({ effects: language.reconfigure(languageOf(now)) });
          changed(now);
        }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    mark: (found) => view.dispatch(setDiagnostics(view.state, found.map((one) => diagnosticOf(view.state.doc, one)))),
    goTo: (line, column) => {
      const at = positionOf(view.state.doc, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
      view.focus();
    },
    end: () => view.destroy(),
  };
}

function positionOf(doc: Text, line: number, column: number): number {
  const found = doc.line(Math.min(Math.max(1, line), doc.lines));
  return Math.min(found.to, found.from + Math.max(0, column - 1));
}

function diagnosticOf(doc: Text, { level, message, line, column }: Marked): Diagnostic {
  const from = positionOf(doc, line, column);
  return { from, to: doc.lineAt(from).to, severity: level, message };
}
