"""How a report looks: light and dark by the reader's setting, one column on a telephone, and black on white on paper.

No font, picture or script comes from elsewhere. Colours of marks keep a contrast of 3 to the ground, text one of 4.5.
"""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root {
  color-scheme: light;
  --ground: #ffffff; --card: #f6f7f9; --line: #d8dce2; --text: #1c2128; --faint: #565f6b;
  --ours: #1f5f8b; --theirs: #6b7280; --clipped: #b3541e; --tenth: #9fbdd6; --mark: #1c2128;
  --good: #1d6b3c; --bad: #a3282f;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --ground: #14171c; --card: #1c2027; --line: #353b45; --text: #e4e8ee; --faint: #a3adba;
    --ours: #6cb0e0; --theirs: #a8b0bb; --clipped: #ec9a5e; --tenth: #4a759d; --mark: #e4e8ee;
    --good: #6fce95; --bad: #f08c8f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 72rem; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere;
}
header h1 { margin: 0 0 .25rem; font-size: 1.75rem; line-height: 1.2; letter-spacing: -.01em; }
header p { margin: 0; color: var(--faint); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .75rem 0 0; padding: 0; list-style: none; }
nav a, a { color: var(--ours); }
section { margin-top: 2.75rem; }
h2 { margin: 0 0 .75rem; padding-bottom: .35rem; border-bottom: 1px solid var(--line); font-size: 1.25rem; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
p { margin: 0 0 .75rem; max-width: 46rem; }
.legend + p, .scroll + p, .pair + p, dl + p { margin-top: .75rem; }
.scroll + .scroll { margin-top: 1rem; }
.narrow { max-width: 34rem; }
.lead { font-size: 1.2rem; line-height: 1.45; }
.faint { color: var(--faint); font-size: .875rem; }
td .faint { font-size: inherit; }
.good { color: var(--good); } .bad { color: var(--bad); }
.verdict { font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 0 0 1rem; }
.tile { margin: 0; padding: .8rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
.tile dt { color: var(--faint); font-size: .875rem; }
.tile dd { margin: 0; font-size: 1.5rem; font-weight: 600; line-height: 1.3; }
.tile dd.small { font-size: .875rem; font-weight: 400; line-height: 1.45; color: var(--faint); }
.pair { display: grid; gap: 1rem 2rem; align-items: start; }
.pair > * { min-width: 0; }
@media (min-width: 56rem) { .pair { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
figure { margin: 0; }
svg.plot { display: block; width: 100%; max-width: 34rem; height: auto; font: 11px system-ui, sans-serif; }
svg text { fill: var(--faint); }
svg .name, svg .heading { fill: var(--text); }
svg .frame { fill: none; stroke: var(--line); }
svg .grid { stroke: var(--line); stroke-width: .6; }
svg .diagonal { stroke: var(--faint); stroke-dasharray: 3 3; }
svg .bound { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 5 3; }
svg .bound-name { fill: var(--bad); font-weight: 600; }
rect.ours, .dot.ours { fill: var(--ours); }
rect.clipped { fill: var(--clipped); }
rect.tenth { fill: var(--tenth); }
rect.mark { fill: var(--mark); }
.dot.theirs { fill: var(--ground); stroke: var(--theirs); stroke-width: 1.6; }
.whisker { stroke-width: 1.2; }
.whisker.ours { stroke: var(--ours); } .whisker.theirs { stroke: var(--theirs); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: .4rem 0 0; padding: 0; list-style: none;
  font-size: .875rem; color: var(--faint); }
.key { display: inline-block; width: .75rem; height: .75rem; border-radius: .15rem; vertical-align: -.05rem; }
.key.ours { background: var(--ours); } .key.clipped { background: var(--clipped); }
.key.tenth { background: var(--tenth); }
.key.theirs { border: 2px solid var(--theirs); border-radius: 50%; }
.key.mark { width: .2rem; background: var(--mark); }
.key.bound { height: 0; border-top: 2px dashed var(--bad); vertical-align: .25rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { padding: 0 0 .35rem; text-align: left; color: var(--faint); }
th, td { padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th:first-child, td:first-child, .text { text-align: left; }
th { font-weight: 600; }
td, thead th { overflow-wrap: break-word; }
thead th { color: var(--faint); font-weight: 500; vertical-align: bottom; }
tbody th { overflow-wrap: anywhere; }
.folds tbody th { min-width: 6rem; }
data, .nowrap { white-space: nowrap; }
td.bars { min-width: 6rem; width: 26%; }
svg.bar { display: block; width: 100%; height: .8rem; margin-top: .3rem; background: var(--card); }
.marks { color: var(--faint); font-weight: 400; }
table.confusion { width: auto; min-width: 20rem; }
table.confusion td, table.confusion th { padding: .45rem .8rem; border: 1px solid var(--line); }
table.confusion td.same { background: color-mix(in srgb, var(--ours) calc(var(--share) * 40%), transparent); }
table.confusion td.other { background: color-mix(in srgb, var(--clipped) calc(var(--share) * 40%), transparent); }
dl.facts { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); gap: .3rem 1.25rem;
  margin: 0; }
dl.facts dt { color: var(--faint); } dl.facts dd { margin: 0; }
.id { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .78rem; }
footer { margin-top: 3rem; padding-top: .75rem; border-top: 1px solid var(--line); }
@media (max-width: 30rem) {
  body { padding: 1.25rem 1rem 3rem; }
  header h1 { font-size: 1.4rem; } .lead { font-size: 1.08rem; }
  table { font-size: .8125rem; }
  nav { font-size: .875rem; }
  th, td { padding-right: .4rem; } tbody th .nowrap { white-space: normal; }
  table.confusion { min-width: 0; } table.confusion td, table.confusion th { padding: .35rem .5rem; }
  table.folds thead { position: absolute; clip-path: inset(50%); height: 1px; width: 1px; overflow: hidden; }
  table.folds tr { display: block; padding: .45rem 0; border-bottom: 1px solid var(--line); }
  table.folds th, table.folds td { padding: 0; border: 0; text-align: left; }
  table.folds tbody th { display: block; font-size: .9rem; }
  table.folds td { display: inline-block; margin-right: .9rem; }
  table.folds td::before { content: attr(data-head) "\\a0"; color: var(--faint); }
  table.folds td.block { display: block; margin: 0; } table.folds td.block::before { content: none; }
  table.folds td.bars { display: block; width: 100%; margin: 0; } table.folds td.bars::before { content: none; }
  dl.facts { grid-template-columns: minmax(0, 1fr); gap: 0; } dl.facts dd { margin-bottom: .5rem; }
}
@media print {
  html { font-size: 9.5pt; }
  body { max-width: none; padding: 0; font-size: 1rem; }
  th, td { padding: .18rem .45rem .18rem 0; } td.bars { width: 18%; }
  .tiles { grid-template-columns: repeat(4, 1fr); } .tile dd { font-size: 1.2rem; }
  nav { display: none; }
  section { margin-top: 1.6rem; }
  h2, h3 { break-after: avoid; }
  figure, .tile, tr, .lead { break-inside: avoid; }
  thead { display: table-header-group; }
  .pair { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: .5rem 1.25rem; }
  .scroll { overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
