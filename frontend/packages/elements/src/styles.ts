/** The look of the elements. Pages change it by custom properties and parts; docs/frontends.md lists both. */

import { DRAWING_CSS } from './drawing/styles.ts';

const COLOURS: Record<string, string> = {
  surface: 'light-dark(#ffffff, #181c24)',
  ink: 'light-dark(#1c2430, #e6eaf1)',
  'ink-soft': 'light-dark(#566072, #a2adbf)',
  line: 'light-dark(#e0e3e8, #2c333f)',
  accent: 'light-dark(#1f5fbf, #8ab4ff)',
  'on-accent': 'light-dark(#ffffff, #0b1324)',
  good: 'light-dark(#1d7a46, #62c98f)',
  warn: 'light-dark(#8a5a00, #eebb55)',
  bad: 'light-dark(#b3261e, #ff8a80)',
  // The same on areas, which need less contrast than words.
  'good-fill': 'light-dark(#23975a, #4fbf80)',
  'warn-fill': 'light-dark(#c97a00, #eebb55)',
  'bad-fill': 'light-dark(#d9362b, #ff7b70)',
  'series-1': 'light-dark(#2f6fd0, #7fb0ff)',
  'series-2': 'light-dark(#c2571a, #ffab70)',
  'series-3': 'light-dark(#1d8a63, #5fd0a3)',
  'series-4': 'light-dark(#8a4fc4, #c9a2f5)',
  'series-5': 'light-dark(#a8324e, #f58ba3)',
  'series-6': 'light-dark(#5d6b1a, #c6cf6a)',
};
const tokens = Object.entries(COLOURS).map(([name, colour]) => `--${name}: var(--patchbay-${name}, ${colour});`).join('\n  ');

const CSS = `
:host {
  ${tokens}
  --radius: var(--patchbay-radius, 12px);
  --space: var(--patchbay-space, 1rem);
  display: block;
  min-width: 0;
  color: var(--ink);
  font: 0.875rem/1.45 var(--patchbay-font, system-ui, sans-serif);
  overflow-wrap: anywhere;
}
:host([hidden]) { display: none; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
*, ::before, ::after { box-sizing: border-box; }
h2, h3, p, ul, ol, dl, dd, pre, figure, fieldset { margin: 0; padding: 0; }
ul, ol { list-style: none; }
a { color: var(--accent); text-underline-offset: 0.15em; text-decoration-thickness: 1px; }
code, pre { font-family: var(--patchbay-font-mono, ui-monospace, monospace); font-size: 0.92em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.icon { width: 1rem; height: 1rem; flex: none; stroke-width: 1.9; }

.frame { display: flex; flex-direction: column; height: 100%; min-width: 0; background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); }
:host([bare]) .frame { background: none; border: 0; border-radius: 0; }
.head { display: grid; grid-template: auto auto / auto 1fr auto auto; align-items: center; column-gap: 0.65rem; padding: 0.7rem var(--space) 0; }
:host([bare]) .head { display: none; }
.mark { --patchbay-mark-size: 1.5rem; grid-row: 1 / 3; display: grid; width: 1.5rem; height: 1.5rem; color: color-mix(in srgb, var(--ink) 78%, transparent); }
h3.title { grid-column: 2; min-width: 0; font-size: 0.875rem; font-weight: 600; line-height: 1.25; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.origin { grid-column: 2; grid-row: 2; display: flex; min-width: 0; font-size: 0.75rem; line-height: 1.3; color: var(--ink-soft); white-space: nowrap; }
.origin-text { min-width: 0; overflow: hidden; text-overflow: ellipsis; }
.age:not(:empty)::before { content: '·'; margin: 0 0.3em; }
.sample { flex: none; align-self: center; margin-left: 0.5em; padding: 0 0.45em; border: 1px solid currentColor; border-radius: 1em; font-size: 0.6875rem; line-height: 1.3; }
.sample[hidden] { display: none; }
.frame[data-status="loading"] .age, .frame[data-status="error"] .age { display: none; }
.head > .icon-button { grid-column: 3; grid-row: 1 / 3; margin-right: -0.35rem; }
.head > slot { grid-column: 4; grid-row: 1 / 3; display: block; margin-right: -0.35rem; }
.drawn { height: 100%; }
.notice + .drawn, div:not(:empty) + .drawn { height: auto; }
.body { container-type: inline-size; flex: 1; min-height: 0; padding: 0.7rem var(--space) 0.8rem; overflow: auto; scrollbar-width: thin; }
:host([bare]) .body { padding: 0; }
.frame[data-refreshing="true"] .icon-button .icon { animation: turn 1s linear infinite; }
@keyframes turn { to { transform: rotate(360deg); } }

.button, .icon-button { font: inherit; color: inherit; cursor: pointer; border: 1px solid var(--line); border-radius: 6px; background: var(--surface); }
.button { display: inline-flex; align-items: center; gap: 0.4rem; min-height: 2rem; padding: 0.25rem 0.75rem; font-weight: 550; text-decoration: none; }
.button:hover, .icon-button:hover { border-color: var(--ink-soft); }
.button.primary { color: var(--on-accent); background: var(--accent); border-color: transparent; }
.button[disabled], .button[aria-disabled="true"] { opacity: 0.55; cursor: default; }
.button.quiet { border-color: transparent; color: var(--ink-soft); }
.icon-button { display: inline-grid; place-items: center; width: 1.75rem; height: 1.75rem; padding: 0; border-color: transparent; background: none; color: var(--ink-soft); }

.skeleton { display: grid; gap: 0.6rem; padding: 0.25rem 0; }
.skeleton span { height: 0.75rem; border-radius: 4px; background: var(--line); animation: breathe 1.4s ease-in-out infinite alternate; }
.skeleton span:nth-child(1) { width: 38%; height: 1.6rem; }
.skeleton span:nth-child(2) { width: 82%; }
.skeleton span:nth-child(3) { width: 60%; }
@keyframes breathe { from { opacity: 0.9; } to { opacity: 0.4; } }
.notice { display: grid; gap: 0.5rem; justify-items: start; margin-bottom: 0.75rem; padding: 0.5rem 0.65rem; font-size: 0.8125rem; border-left: 3px solid var(--warn); border-radius: 3px; background: color-mix(in srgb, var(--warn) 9%, transparent); }
.notice .icon, .failure .icon { vertical-align: -0.15em; margin-right: 0.35rem; color: var(--warn); }
.failure { display: grid; gap: 0.5rem; justify-items: start; color: var(--ink-soft); }
.failure .icon { color: var(--bad); }
.failure-title { font-weight: 600; color: var(--ink); }
.failure ul { padding-left: 1.1rem; list-style: disc; }
.none { color: var(--ink-soft); }
.text-button { padding: 0; font: inherit; font-size: 0.8125rem; color: var(--accent); background: none; border: 0; cursor: pointer; }
.text-button:hover { text-decoration: underline; text-underline-offset: 0.15em; }
${DRAWING_CSS}
form { display: grid; gap: 0.75rem; }
.field { display: grid; gap: 0.2rem; }
.field-check { grid-template-columns: auto 1fr; align-items: center; column-gap: 0.5rem; }
.field-check label { order: 1; }
.field-check > p, .field-check > .secret { grid-column: 1 / -1; order: 2; }
label { font-weight: 550; }
.required, .field-help { color: var(--ink-soft); font-weight: 400; }
.field-help, .field-error { font-size: 0.8125rem; }
.field-help:empty, .field-error:empty { display: none; }
.field-error { color: var(--bad); }
input:not([type="checkbox"], [type="color"]), select, textarea { width: 100%; min-height: 2rem; padding: 0.3rem 0.5rem; font: inherit; color: inherit; background: var(--surface); border: 1px solid color-mix(in srgb, var(--ink) 35%, var(--line)); border-radius: 6px; }
[aria-invalid] { border-color: var(--bad) !important; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.outcome:empty { display: none; }
.outcome[data-outcome="good"] { color: var(--good); }
.outcome[data-outcome="bad"] { color: var(--bad); }
.secret { display: flex; align-items: center; gap: 0.5rem; font-size: 0.8125rem; color: var(--ink-soft); }
.settings { display: grid; gap: 0.9rem; }
.switch { display: flex; justify-content: space-between; align-items: center; gap: 1rem; }
.about { color: var(--ink-soft); }
dialog { width: min(30rem, calc(100vw - 2rem)); max-height: 85vh; padding: 1.1rem; color: var(--ink); background: var(--surface); border: 1px solid var(--line); border-radius: 10px; font: inherit; }
dialog.wide { width: min(46rem, calc(100vw - 2rem)); }
dialog::backdrop { background: rgb(10 14 22 / 45%); }
.dialog-head { display: flex; justify-content: space-between; align-items: center; gap: 1rem; margin-bottom: 0.75rem; font-weight: 600; font-size: 1rem; }
@media (prefers-reduced-motion: reduce) { *, ::before, ::after { animation: none !important; } }
`;

let sheet: CSSStyleSheet | null = null;

/** A shadow root with the look of all elements. No style of it is inline, so that strict policies allow it. */
export function attachStyled(element: HTMLElement): ShadowRoot {
  const root = element.attachShadow({ mode: 'open' });
  sheet ??= new CSSStyleSheet();
  if (sheet.cssRules.length === 0) sheet.replaceSync(CSS);
  root.adoptedStyleSheets = [sheet];
  return root;
}
