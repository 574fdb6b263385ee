/** The page's style sheet: no request for a font or an image, light and dark by the reader's setting, printable. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --ink: #1d1d1f; --ink-2: #5b5d63; --ink-3: #9a9ca3; --line: #e4e4e1;
  --code: #f5f5f3; --good: #2f8f5b; --bad: #c2503d; --good-soft: #e7f4ec; --bad-soft: #fbeae6; --accent: #3b5fc0;
  --series-1: #3b5fc0; --series-2: #d9822b; --series-3: #2f8f5b; --series-4: #8e4fb8; --series-5: #c2503d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141517; --card: #1b1d20; --ink: #ececed; --ink-2: #a9abb2; --ink-3: #74767d; --line: #303338;
    --code: #232529; --good: #5cc48a; --bad: #ee8672; --good-soft: #1c3226; --bad-soft: #3a231f; --accent: #8ea8f2;
    --series-1: #8ea8f2; --series-2: #f0ad62; --series-3: #5cc48a; --series-4: #c596e6; --series-5: #ee8672;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); text-rendering: optimizeLegibility;
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
main { max-width: 68rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; }
header { margin-bottom: 2rem; }
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.02em; margin: 0 0 0.4rem; font-weight: 650; }
h2 { font-size: 1.2rem; letter-spacing: -0.01em; margin: 3rem 0 0.3rem; font-weight: 650; }
h3 { font-size: 0.95rem; margin: 0 0 0.75rem; font-weight: 600; }
h3.table { margin-top: 1.75rem; }
p { margin: 0.3rem 0 1rem; max-width: 46rem; color: var(--ink-2); }
code, pre, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.86em; }
.mono { overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 0.75rem; margin: 1.5rem 0; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 0.9rem 1rem; }
.tile b { display: block; font-size: 1.55rem; line-height: 1.2; font-weight: 620; font-variant-numeric: tabular-nums; letter-spacing: -0.02em; }
.tile span { color: var(--ink-2); font-size: 0.82rem; }
.tile small { display: block; color: var(--ink-3); font-size: 0.78rem; font-variant-numeric: tabular-nums; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0.75rem; margin: 1rem 0; }
.card { padding: 1.1rem 1.2rem; min-width: 0; }
.card.tall { grid-row: span 2; }
.card svg { display: block; max-width: 100%; height: auto; }
.scroll { overflow-x: auto; margin: 1rem 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.88rem; }
th, td { padding: 0.45rem 0.9rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--ink-2); font-weight: 500; font-size: 0.8rem; }
th:first-child, td:first-child, th.text, td.text { text-align: left; }
td i { font-style: normal; color: var(--ink-3); }
tr.total td { font-weight: 600; }
.badge { display: inline-block; border-radius: 99px; padding: 0.08rem 0.6rem; font-size: 0.8rem; font-weight: 550; }
.good { color: var(--good); background: var(--good-soft); }
.bad { color: var(--bad); background: var(--bad-soft); }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.25rem; margin: 0.75rem 0 1.25rem; font-size: 0.9rem; }
dl.facts dt { color: var(--ink-2); }
dl.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.episode { margin: 1rem 0 2rem; }
.turn { border-left: 2px solid var(--line); padding: 0.1rem 0 0.1rem 1rem; margin: 1rem 0; }
.turn > h4 { margin: 0 0 0.5rem; font-size: 0.85rem; font-weight: 600; color: var(--ink-2); }
.message { margin: 0.5rem 0; }
.message > .role { font-size: 0.75rem; color: var(--ink-3); margin-bottom: 0.15rem; }
pre {
  margin: 0; padding: 0.7rem 0.9rem; background: var(--code); border-radius: 8px; white-space: pre-wrap;
  overflow-wrap: anywhere; max-height: 34rem; overflow-y: auto; line-height: 1.5; tab-size: 2;
}
.assistant pre { background: var(--card); border: 1px solid var(--line); border-left: 3px solid var(--accent); }
.stderr pre { background: var(--bad-soft); }
details { margin: 0.5rem 0; }
summary { cursor: pointer; color: var(--ink-2); font-size: 0.88rem; }
details > summary + * { margin-top: 0.5rem; }
details.call { border: 1px solid var(--line); border-radius: 10px; padding: 0.5rem 0.9rem; background: var(--card); }
footer { margin-top: 4rem; color: var(--ink-3); font-size: 0.82rem; }
@media (max-width: 40rem) { main { padding: 1.5rem 1rem 3rem; } }
@media print { main { max-width: none; padding: 0; } pre { max-height: none; } .tile, .card, .scroll { break-inside: avoid; } }
`;
