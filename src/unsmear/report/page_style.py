"""The report page's style sheet."""

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2933; --soft: #52606d; --line: #d9dee4;
  --card: #f5f7f9; --accent: #b34a06; --accent-ink: #ffffff; --cold: #1b639f; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e8ecf0; --soft: #a7b2bd;
  --line: #323b45; --card: #1d232a; --accent: #ff9a57; --accent-ink: #14181d; --cold: #7fbaf0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 48px; }
h1 { font-size: clamp(1.7rem, 4.2vw, 2.6rem); line-height: 1.15; margin: 0 0 12px; letter-spacing: -0.015em;
  text-wrap: balance; }
h2 { font-size: 1.4rem; margin: 64px 0 8px; letter-spacing: -0.01em; }
h3 { font-size: 1.05rem; margin: 36px 0 10px; }
p { max-width: 72ch; margin: 0 0 14px; }
.lead { font-size: 1.12rem; color: var(--soft); }
a { color: var(--cold); }
:focus-visible { outline: 3px solid var(--cold); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 12px; top: 12px; background: var(--paper); padding: 8px 12px; z-index: 9; }
nav ul { display: flex; flex-wrap: wrap; gap: 6px 20px; list-style: none; padding: 12px 0; margin: 24px 0 0;
  border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 12px; margin: 28px 0 0; }
.fact { background: var(--card); border-radius: 10px; padding: 16px 18px; }
.fact b { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.fact span { color: var(--soft); font-size: 0.92rem; }
.stage { display: grid; grid-template-columns: minmax(0, 1.6fr) minmax(240px, 1fr); gap: 28px; margin-top: 18px;
  align-items: start; }
.compare { position: relative; border-radius: 10px; overflow: hidden; background: var(--card); line-height: 0; }
.compare:focus-within { outline: 3px solid var(--cold); outline-offset: 2px; }
.compare img { width: 100%; height: auto; display: block; user-select: none; }
.compare.small img { image-rendering: pixelated; }
.compare .over { position: absolute; inset: 0; clip-path: inset(0 0 0 var(--split, 50%)); }
.compare .bar { position: absolute; top: 0; bottom: 0; left: var(--split, 50%); width: 3px; margin-left: -1.5px;
  background: #fff; box-shadow: 0 0 0 1px rgba(0,0,0,.45); pointer-events: none; }
.compare .bar::after { content: "\\2039\\2009\\203a"; position: absolute; top: 50%; left: 50%;
  width: 40px; height: 40px; margin: -20px 0 0 -20px; border-radius: 50%; background: #fff; color: #1f2933;
  font: bold 20px/37px sans-serif;
  text-align: center; box-shadow: 0 1px 5px rgba(0,0,0,.5); }
.compare input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize; }
.tag { position: absolute; top: 10px; padding: 3px 9px; border-radius: 5px; font-size: 0.82rem; line-height: 1.4;
  background: rgba(15,20,25,.78); color: #fff; pointer-events: none; }
.tag.left { left: 10px; } .tag.right { right: 10px; }
.controls { display: grid; gap: 16px; }
.controls label { display: grid; gap: 5px; font-size: 0.92rem; color: var(--soft); }
.controls select, .controls button { font: inherit; color: var(--ink); background: var(--card); padding: 9px 12px;
  border: 1px solid var(--line); border-radius: 8px; width: 100%; min-height: 44px; }
.controls button { background: var(--accent); color: var(--accent-ink); border-color: transparent; font-weight: 600;
  cursor: pointer; }
.controls input[type=range] { width: 100%; accent-color: var(--accent); height: 28px; }
.readout { font-variant-numeric: tabular-nums; min-height: 3.2em; margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
th, td { padding: 9px 10px; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 600; }
tr.difference th, tr.difference td { color: var(--soft); }
tr.first-difference th, tr.first-difference td { border-top: 2px solid var(--line); }
td small { display: block; color: var(--soft); white-space: nowrap; font-size: 0.84em; }
.note { color: var(--soft); font-size: 0.9rem; margin-top: 12px; }
figure { margin: 18px 0 0; }
figure img, video { max-width: 100%; height: auto; display: block; border-radius: 8px; background: #fff; }
figure img { border: 1px solid var(--line); padding: 10px; }
figcaption { color: var(--soft); font-size: 0.92rem; margin-top: 8px; max-width: 80ch; }
.pair { columns: 2; column-gap: 28px; }
.pair figure { break-inside: avoid; margin: 0; padding: 14px 0 12px; }
video { background: #181818; width: 100%; }
.alone { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)); gap: 12px;
  margin-top: 12px; }
.links { font-size: 0.92rem; display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 8px; }
details { border-top: 1px solid var(--line); padding: 12px 0; }
summary { cursor: pointer; font-weight: 600; min-height: 28px; }
pre { overflow-x: auto; background: var(--card); padding: 16px; border-radius: 8px; font-size: 0.82rem;
  line-height: 1.5; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 20px; font-size: 0.92rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: 0.88rem; padding-top: 40px; padding-bottom: 56px; }
@media (max-width: 760px) {
  header, main, footer { padding-left: 16px; padding-right: 16px; }
  header { padding-top: 28px; }
  h2 { margin-top: 48px; }
  .stage { grid-template-columns: minmax(0, 1fr); }
  .pair { columns: 1; }
  .results thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .results, .results tbody, .results tr, .results th, .results td { display: block; text-align: left; }
  .results tr { border-bottom: 1px solid var(--line); padding: 12px 0; }
  .results th, .results td { border: 0; padding: 2px 0; }
  .results td { display: flex; justify-content: space-between; gap: 16px; text-align: right; }
  .results td::before { content: attr(data-label); color: var(--soft); text-align: left; }
  .results td.empty { display: none; }
  .results tr.first-difference th, .results tr.first-difference td { border-top: 0; }
  nav a { display: inline-block; padding: 6px 0; }
  dl { grid-template-columns: minmax(0, 1fr); } dd { margin-bottom: 8px; }
}
@media print { nav, .controls, video { display: none; } }
"""
