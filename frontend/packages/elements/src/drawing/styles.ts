/** The look of what is drawn; a part of the style sheet in ../styles.ts. */

/** The heights of charts are reserved before one is drawn, so that nothing below it moves. */
export const PLOT_HEIGHT = 176;
export const SPARKLINE_HEIGHT = 40;

const swatches = [1, 2, 3, 4, 5, 6].map((number) => `.series-${number} { background: var(--series-${number}); }`).join('\n');

export const DRAWING_CSS = `
.figure-value { font-size: 2.5rem; font-weight: 600; line-height: 1.05; letter-spacing: -0.035em; font-variant-numeric: tabular-nums; }
.figure-value .unit { font-size: 0.45em; font-weight: 500; letter-spacing: 0; }
.figure-value .words, .figure-value .badge, .figure-value time, .figure-value .boolean { font-size: 0.6em; letter-spacing: -0.01em; }
.figure-caption { margin-top: 0.3rem; color: var(--ink-soft); }
.figure-caption .icon { width: 1.25rem; height: 1.25rem; vertical-align: -0.28em; }
.number, .number .unit { white-space: nowrap; }
.number { font-variant-numeric: tabular-nums; }
.unit { color: var(--ink-soft); }
.weather, .boolean { white-space: nowrap; }
.weather .icon, .boolean .icon { vertical-align: -0.14em; margin-right: 0.35rem; }
.weather .icon { color: var(--ink-soft); }
.boolean .icon { width: 0.9rem; height: 0.9rem; stroke-width: 2.5; }
.boolean[data-boolean="true"] .icon { color: var(--good); }
.boolean[data-boolean="false"] .icon { color: var(--ink-soft); }
[data-level="good"] { --level: var(--good); --level-fill: var(--good-fill); }
[data-level="warn"] { --level: var(--warn); --level-fill: var(--warn-fill); }
[data-level="bad"] { --level: var(--bad); --level-fill: var(--bad-fill); }
span[data-level], span[data-level] .unit { color: var(--level); }
.badge { display: inline-block; padding: 0.05rem 0.5rem; font-size: 0.75rem; font-weight: 550; line-height: 1.5; white-space: nowrap; border-radius: 99px; color: color-mix(in srgb, var(--level, var(--ink-soft)) 82%, var(--ink)); background: color-mix(in srgb, var(--level, var(--ink-soft)) 12%, transparent); }
.tags { display: inline-flex; flex-wrap: wrap; gap: 0.25rem; }
.tag { padding: 0 0.45rem; font-size: 0.75rem; line-height: 1.6; border: 1px solid var(--line); border-radius: 99px; }
.clamped { display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; overflow: hidden; }
.clamped.open { display: inline; }
.joined > * + *::before { content: " · "; }

.details { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 5.25rem), 1fr)); gap: 0.5rem 0.75rem; margin-top: 0.6rem; padding-top: 0.6rem; border-top: 1px solid var(--line); }
.detail { min-width: 0; }
.detail dt { font-size: 0.75rem; line-height: 1.35; color: var(--ink-soft); }
.detail dd { font-weight: 550; }
.details + .facts { margin-top: 0.5rem; }

.gauge { width: min(100%, 14rem); margin: 0 auto; text-align: center; }
.gauge:has(+ .history) { width: min(100%, 10rem); }
.gauge svg { display: block; width: 100%; }
.gauge path { fill: none; stroke-width: 11; stroke-linecap: round; }
.gauge-track { stroke: color-mix(in srgb, var(--ink) 10%, transparent); }
.gauge-value { stroke: var(--level-fill, var(--accent)); }
.gauge-text { margin-top: -3.1rem; font-size: 1.875rem; font-weight: 600; line-height: 1.2; letter-spacing: -0.03em; font-variant-numeric: tabular-nums; }
.gauge-text .unit { font-size: 0.55em; font-weight: 500; }
.gauge-ends { display: grid; grid-template-columns: 1fr 2fr 1fr; align-items: baseline; margin-top: 0.5rem; font-size: 0.6875rem; color: var(--ink-soft); }
.gauge-ends span:nth-child(2) { font-size: 0.8125rem; }
.gauge-ends span:first-child { text-align: left; padding-left: 0.6rem; }
.gauge-ends span:last-child { text-align: right; padding-right: 0.4rem; }

.statuses { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); column-gap: 2rem; overflow: hidden; }
.statuses.single { grid-template-columns: 1fr; }
.status { display: flex; align-items: center; gap: 0.65rem; min-width: 0; min-height: 2.25rem; margin-top: -1px; padding: 0.25rem 0; border-top: 1px solid var(--line); }
.dot { flex: none; width: 0.5rem; height: 0.5rem; margin: 0 0.2rem; border-radius: 50%; background: var(--level-fill, var(--ink-soft)); box-shadow: 0 0 0 0.2rem color-mix(in srgb, var(--level-fill, var(--ink-soft)) 18%, transparent); }
.status-name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 500; }
.status-name a { color: inherit; text-decoration-color: transparent; }
.status-name a:hover { text-decoration-color: currentcolor; }
.status-extra { font-size: 0.8125rem; color: var(--ink-soft); }
.status-word { flex: none; color: var(--ink-soft); }
@container (max-width: 22rem) { .status-extra { display: none; } }

.facts { display: grid; overflow: hidden; }
.facts.columns { grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); column-gap: 2rem; }
.fact { display: flex; justify-content: space-between; align-items: center; gap: 1rem; min-width: 0; margin-top: -1px; padding: 0.4rem 0; border-top: 1px solid var(--line); }
.fact dt { flex: none; max-width: 50%; color: var(--ink-soft); }
.fact dd { min-width: 0; text-align: right; font-weight: 500; }
.fact dd .tags { justify-content: flex-end; }
.fact.nested { display: block; grid-column: 1 / -1; }
.fact.nested dt { max-width: none; }
.fact.nested dd { padding-top: 0.25rem; text-align: left; font-weight: 400; }
.fact.nested .facts { padding-left: 0.75rem; border-left: 2px solid var(--line); }

.scroll { overflow-x: auto; scrollbar-width: thin; scrollbar-color: color-mix(in srgb, var(--ink) 30%, transparent) transparent; }
.table > .scroll { margin: 0 calc(-1 * var(--space)); }
table { width: 100%; border-collapse: separate; border-spacing: 0; }
th { padding: 0.15rem 0.5rem 0.35rem; font-size: 0.75rem; font-weight: 500; text-align: left; color: var(--ink-soft); white-space: nowrap; }
td { padding: 0.4rem 0.5rem; border-top: 1px solid var(--line); overflow-wrap: break-word; }
td .words { display: block; max-width: 24rem; }
td .long { min-width: 10rem; }
th:first-child, td:first-child { position: sticky; left: 0; z-index: 1; padding-left: var(--space); background: var(--surface); }
td:first-child { font-weight: 500; max-width: 15rem; }
th.numeric:first-child, td.numeric:first-child { text-align: left; color: var(--ink-soft); }
th:last-child, td:last-child { padding-right: var(--space); }
tr:hover td { background: color-mix(in srgb, var(--ink) 3.5%, var(--surface)); }
.scroll[data-more="true"] th:first-child, .scroll[data-more="true"] td:first-child { box-shadow: 1px 0 0 var(--line); }
.scroll[data-more="true"] { mask-image: linear-gradient(to left, transparent, #000 2.5rem); }
td time, td .number { white-space: nowrap; }
td a { color: inherit; text-decoration-color: color-mix(in srgb, currentcolor 35%, transparent); }
.numeric { text-align: right; white-space: nowrap; }
.sort { display: inline-flex; align-items: center; gap: 0.2rem; padding: 0; font: inherit; color: inherit; background: none; border: 0; cursor: pointer; }
.sort:hover { color: var(--ink); }
.sort .icon { width: 0.8rem; height: 0.8rem; }
.share { display: inline-flex; align-items: center; gap: 0.5rem; }
.share > :last-child { min-width: 2.6rem; }
.bar { width: 3.5rem; height: 0.375rem; border-radius: 99px; overflow: hidden; background: color-mix(in srgb, var(--ink) 10%, transparent); }
.table { container-type: inline-size; }
@container (max-width: 30rem) {
  .share { flex-direction: column; align-items: flex-end; gap: 0.15rem; }
  .share > .bar { order: 1; width: 2.75rem; height: 0.2rem; }
}
.bar-value { display: block; height: 100%; border-radius: inherit; background: var(--level-fill, var(--accent)); }
.more { margin-top: 0.5rem; font-size: 0.8125rem; color: var(--ink-soft); }
.items { display: grid; }
.items > li { padding: 0.4rem 0; border-top: 1px solid var(--line); }
.items > li:first-child { border-top: 0; }
.item-title { font-weight: 500; }
.item-title a { color: inherit; text-decoration-color: transparent; }
.item-title a:hover { text-decoration-color: currentcolor; }

.source, .summary { color: var(--ink-soft); }
.source { font-size: 0.75rem; }
.article-title { margin-top: 0.1rem; font-size: 1.0625rem; font-weight: 600; line-height: 1.3; letter-spacing: -0.01em; }
.article-title a, .feed-title a { color: inherit; text-decoration-color: transparent; }
.article-title a:hover, .feed-title a:hover { text-decoration-color: currentcolor; }
.article > .summary { display: block; margin-top: 0.4rem; }
.feed-entries { display: grid; }
.entry { display: flex; gap: 0.75rem; padding: 0.55rem 0; border-top: 1px solid var(--line); }
.entry:first-child { border-top: 0; padding-top: 0.1rem; }
.entry-text { min-width: 0; }
.feed > .source { margin-bottom: 0.25rem; }
.feed-title { font-weight: 550; line-height: 1.35; }
.feed .summary { margin-top: 0.2rem; font-size: 0.8125rem; line-height: 1.4; }
.feed .clamped { -webkit-line-clamp: 2; }
.thumbnail { flex: none; width: 3.5rem; height: 3.5rem; object-fit: cover; border-radius: 8px; }
.timeline-day { margin: 0.85rem 0 0.2rem; font-size: 0.75rem; font-weight: 600; color: var(--ink-soft); }
.timeline-day:first-child { margin-top: 0; }
.timeline-entry { display: grid; grid-template-columns: 4.25rem 1fr; gap: 0.75rem; padding: 0.3rem 0; }
.timeline-entry > div { padding-left: 0.75rem; border-left: 3px solid var(--accent); border-radius: 2px; }
.timeline-entry.over { color: var(--ink-soft); }
.timeline-entry.over > div { border-color: var(--line); }
.timeline-entry time { font-size: 0.8125rem; line-height: 1.55; color: var(--ink-soft); font-variant-numeric: tabular-nums; }
.until { display: block; font-size: 0.75rem; line-height: 1.2; }
.until::before { content: "to "; }
.picture { display: block; max-width: 100%; max-height: 26rem; height: auto; margin: 0 auto; border-radius: 8px; object-fit: contain; }
.plain { white-space: pre-wrap; }
pre.plain { max-height: 24rem; overflow: auto; font-size: 0.8125rem; }
.map svg { display: block; width: 100%; max-height: 14rem; border-radius: 8px; background: color-mix(in srgb, var(--accent) 6%, transparent); }
.map-grid { stroke: color-mix(in srgb, var(--ink) 8%, transparent); }
.map-point { fill: var(--accent); stroke: var(--surface); stroke-width: 2; }
.map text { font-size: 10px; font-weight: 500; fill: var(--ink); paint-order: stroke; stroke: var(--surface); stroke-width: 3px; stroke-linejoin: round; }
.map .source, .map .table { margin-top: 0.5rem; }

.chart { display: flex; flex-direction: column; min-width: 0; height: 100%; }
.plot { flex: 1 0 ${PLOT_HEIGHT}px; min-width: 0; overflow: hidden; }
.history-chart .plot { flex: none; height: ${PLOT_HEIGHT}px; }
.plot .uplot { font-family: inherit; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 0.9rem; margin-bottom: 0.35rem; font-size: 0.75rem; line-height: 1.5; color: var(--ink-soft); }
.legend li { display: inline-flex; align-items: center; gap: 0.35rem; }
.legend-value { font-weight: 550; color: var(--ink); font-variant-numeric: tabular-nums; }
.legend-at { margin-left: auto; min-height: 1.5em; }
.swatch { width: 0.6rem; height: 0.6rem; border-radius: 3px; }
${swatches}

.figure-top { display: flex; align-items: flex-start; gap: 1rem; min-height: ${SPARKLINE_HEIGHT + 20}px; }
.figure-top > .history { flex: 1; min-width: 4rem; max-width: 14rem; margin: 0 0 0 auto; }
.history:not(:empty) { margin-top: 0.5rem; }
.sparkline { display: block; width: 100%; padding: 0; font: inherit; text-align: left; color: var(--ink-soft); background: none; border: 0; border-radius: 6px; cursor: pointer; }
.sparkline > svg { display: block; width: 100%; height: ${SPARKLINE_HEIGHT}px; }
.sparkline-line { fill: none; stroke: var(--series-1); stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.sparkline-area { fill: color-mix(in srgb, var(--series-1) 14%, transparent); }
.sparkline:hover .sparkline-area { fill: color-mix(in srgb, var(--series-1) 22%, transparent); }
.trend { font-size: 0.75rem; font-variant-numeric: tabular-nums; }
.trend .icon { width: 0.8rem; height: 0.8rem; vertical-align: -0.12em; }
.history-chart { min-height: ${PLOT_HEIGHT + 28}px; }
.ranges { display: flex; gap: 0.25rem; margin-left: auto; font-weight: 400; }
.ranges .button { min-height: 1.75rem; padding: 0.1rem 0.6rem; font-size: 0.8125rem; }
.ranges .button[aria-pressed="true"] { color: var(--on-accent); background: var(--accent); border-color: transparent; }

.empty { display: grid; justify-items: center; gap: 0.2rem; padding: 0.75rem 0.5rem; text-align: center; color: var(--ink-soft); font-size: 0.8125rem; }
.empty .icon { width: 1.5rem; height: 1.5rem; margin-bottom: 0.25rem; opacity: 0.7; }
.empty-title { font-size: 0.875rem; font-weight: 550; color: var(--ink); }

.markdown { display: grid; gap: 0.6rem; max-height: 20rem; overflow: hidden; }
.markdown.open { max-height: none; }
.folded { margin-top: 0.5rem; }
.markdown > * { min-width: 0; }
.markdown h1, .markdown h2, .markdown h3, .markdown h4, .markdown h5, .markdown h6 { margin: 0.4rem 0 0; font-size: 0.9375rem; font-weight: 600; line-height: 1.3; }
.markdown h1 { font-size: 1.125rem; }
.markdown h2 { font-size: 1rem; }
.markdown ul, .markdown ol { padding-left: 1.3rem; list-style: revert; }
.markdown li > ul, .markdown li > ol { margin-top: 0.15rem; }
.markdown blockquote { margin: 0; padding-left: 0.75rem; color: var(--ink-soft); border-left: 3px solid var(--line); }
.markdown code { padding: 0.1em 0.35em; border-radius: 4px; background: color-mix(in srgb, var(--ink) 7%, transparent); }
.markdown pre { padding: 0.65rem 0.8rem; overflow-x: auto; font-size: 0.8125rem; border-radius: 8px; background: color-mix(in srgb, var(--ink) 6%, transparent); }
.markdown pre code { padding: 0; background: none; font-size: inherit; }
.markdown hr { width: 100%; border: 0; border-top: 1px solid var(--line); }
.markdown img { max-width: 100%; }
.markdown input { margin: 0 0.35rem 0 0; }
.markdown th:first-child, .markdown td:first-child { position: static; padding-left: 0; }
`;
