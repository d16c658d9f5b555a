/** The look of the elements. Pages change it by custom properties and parts; docs/frontends.md lists both. */

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
  --radius: var(--patchbay-radius, 8px);
  --space: var(--patchbay-space, 0.875rem);
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
.head { display: flex; align-items: center; gap: 0.5rem; padding: 0.5rem var(--space) 0; min-height: 2.25rem; }
:host([bare]) .head, :host([bare]) .foot { display: none; }
.title { min-width: 0; font-size: 0.875rem; font-weight: 600; line-height: 1.3; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.mark { display: inline-grid; flex: none; min-width: 1.25rem; min-height: 1.25rem; color: var(--ink-soft); }
.origin { min-width: 0; flex: 1; font-size: 0.75rem; color: var(--ink-soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.body { flex: 1; min-height: 0; padding: 0.5rem var(--space) var(--space); overflow: auto; }
:host([bare]) .body { padding: 0; }
.foot { display: flex; align-items: center; gap: 0.4rem; padding: 0 var(--space) 0.5rem; font-size: 0.75rem; color: var(--ink-soft); }
.frame[data-status="loading"] .foot, .frame[data-status="error"] .foot { visibility: hidden; }
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

.figure-value { font-size: 2.25rem; font-weight: 350; line-height: 1.1; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.figure-value .unit { font-size: 0.5em; }
.figure-caption { color: var(--ink-soft); }
.figure .facts { margin-top: 0.75rem; }
.number { font-variant-numeric: tabular-nums; }
.unit { color: var(--ink-soft); }
.weather { white-space: nowrap; }
[data-level="good"] { --level: var(--good); }
[data-level="warn"] { --level: var(--warn); }
[data-level="bad"] { --level: var(--bad); }
span[data-level], span[data-level] .unit { color: var(--level); }
.gauge { position: relative; width: min(100%, 13rem); margin: 0 auto; text-align: center; }
.gauge svg { display: block; width: 100%; }
.gauge path { fill: none; stroke-width: 10; stroke-linecap: round; }
.gauge-track { stroke: var(--line); }
.gauge-value { stroke: var(--level, var(--accent)); }
.gauge-text { margin-top: -2.6rem; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.gauge-text .unit { font-size: 0.6em; }

.statuses { display: grid; }
.status { display: flex; align-items: baseline; gap: 0.6rem; padding: 0.35rem 0; border-top: 1px solid var(--line); }
.status:first-child { border-top: 0; }
.dot { flex: none; align-self: center; width: 0.6rem; height: 0.6rem; border-radius: 50%; background: var(--level, var(--ink-soft)); }
.status-name { flex: 1; min-width: 0; }
.status-extra, .status-word { color: var(--ink-soft); }
.status[data-level] .status-word { color: var(--level); }

.fact { display: flex; justify-content: space-between; gap: 1rem; padding: 0.3rem 0; border-top: 1px solid var(--line); }
.facts > .fact:first-child { border-top: 0; }
.fact dt { flex: none; max-width: 50%; color: var(--ink-soft); }
.fact dd { min-width: 0; text-align: right; }
.fact.nested { display: block; }
.fact.nested dd { padding-top: 0.25rem; text-align: left; }
.fact.nested .facts { padding-left: 0.75rem; border-left: 2px solid var(--line); }

.scroll { overflow-x: auto; scrollbar-width: thin; scrollbar-color: var(--ink-soft) transparent; padding-bottom: 0.25rem;
  background: linear-gradient(to right, var(--surface) 30%, transparent) left / 2rem 100% local no-repeat, linear-gradient(to left, var(--surface) 30%, transparent) right / 2rem 100% local no-repeat, linear-gradient(to right, rgb(0 0 0 / 22%), transparent) left / 0.5rem 100% scroll no-repeat, linear-gradient(to left, rgb(0 0 0 / 22%), transparent) right / 0.5rem 100% scroll no-repeat; }
table { width: 100%; border-collapse: collapse; }
th { padding: 0 0.75rem 0.3rem 0; font-size: 0.75rem; font-weight: 600; text-align: left; color: var(--ink-soft); white-space: nowrap; }
td { min-width: 3.5rem; padding: 0.35rem 0.75rem 0.35rem 0; vertical-align: top; border-top: 1px solid var(--line); overflow-wrap: break-word; }
th:last-child, td:last-child { padding-right: 0; }
td time, td .number { white-space: nowrap; }
.numeric { text-align: right; white-space: nowrap; }
.items { display: grid; gap: 0.25rem; padding-left: 1.1rem; list-style: disc; }
.items ::marker { color: var(--ink-soft); }
.more { margin-top: 0.5rem; font-size: 0.8125rem; color: var(--ink-soft); }

.source, .summary { color: var(--ink-soft); }
.source { font-size: 0.75rem; }
.article-title { font-size: 1rem; font-weight: 600; line-height: 1.35; }
.article-title a, .feed-title a { color: inherit; text-decoration-color: transparent; }
.article-title a:hover, .feed-title a:hover { text-decoration-color: currentcolor; }
.article .summary { margin-top: 0.25rem; }
.article .facts { margin-top: 0.6rem; padding-top: 0.15rem; border-top: 1px solid var(--line); }
.feed-entries { display: grid; gap: 0.7rem; margin-top: 0.35rem; }
.feed-title { font-weight: 550; line-height: 1.35; }
.feed .summary { font-size: 0.8125rem; display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; overflow: hidden; }
.timeline-day { margin-top: 0.6rem; font-size: 0.75rem; font-weight: 600; color: var(--ink-soft); }
.timeline-day:first-child { margin-top: 0; }
.timeline-entry { display: grid; grid-template-columns: 4rem 1fr; gap: 0.6rem; padding: 0.25rem 0 0.25rem 0.6rem; border-left: 2px solid var(--accent); margin-top: 0.2rem; }
.timeline-entry time { color: var(--ink-soft); font-variant-numeric: tabular-nums; }
.picture { display: block; max-width: 100%; height: auto; margin: 0 auto; border-radius: 4px; }
.plain { white-space: pre-wrap; }
.map svg { display: block; width: 100%; border: 1px solid var(--line); border-radius: 6px; }
.map-grid { stroke: var(--line); }
.map-point { fill: var(--accent); stroke: var(--surface); stroke-width: 1.5; }
.map text { font-size: 9px; fill: var(--ink); }
.chart { min-height: 180px; min-width: 0; }
.chart .uplot { font-family: inherit; }
.chart .u-legend { margin: 0; font-size: 0.75rem; color: var(--ink-soft); text-align: left; }
.chart .u-legend th { padding: 0; font-weight: 400; }
.chart .u-legend td { border: 0; padding: 0 0.5rem 0 0; min-width: 0; font-variant-numeric: tabular-nums; color: var(--ink); }
.chart .u-legend .u-marker { border-radius: 2px; }

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
