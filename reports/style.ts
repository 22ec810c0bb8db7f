/** The report's style sheet. Colours come from theme.ts. */
export const STYLE = `
*,*::before,*::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 -apple-system,"Segoe UI",Roboto,
"Helvetica Neue","Noto Sans","Liberation Sans",Arial,system-ui,sans-serif;font-feature-settings:"kern","liga"}
main{max-width:66rem;margin:0 auto;padding:2.5rem clamp(1rem,4vw,2.5rem) 4rem}
h1,h2,h3,.lede{font-family:Charter,"Bitstream Charter","Iowan Old Style","Palatino Linotype",Palatino,Georgia,
"Liberation Serif",serif}
h1{font-size:clamp(1.6rem,4.5vw,2.3rem);line-height:1.15;margin:0;font-weight:600;letter-spacing:-.01em;
overflow-wrap:break-word;min-width:0}
h2{font-size:1.4rem;line-height:1.2;margin:3rem 0 1rem;padding-top:.9rem;border-top:1px solid var(--rule);font-weight:600}
h3{font-size:1.08rem;margin:1.75rem 0 .5rem;font-weight:600}
:is(.grid,.wide-narrow)>div>h3:first-child{margin-top:0}
p{margin:.6rem 0;max-width:46rem}
a{color:var(--c1);text-underline-offset:.15em}
code,pre,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;
font-size:.84em}
.kicker{margin:0 0 .5rem;color:var(--muted);font-size:.84rem;letter-spacing:.01em}
.title{display:flex;flex-wrap:wrap;align-items:baseline;gap:.3rem .9rem}
.badge{display:inline-flex;align-items:center;gap:.4em;font-size:.84rem;font-weight:600;border:1px solid currentColor;
border-radius:99px;padding:.1em .75em;white-space:nowrap;position:relative;top:-.2em}
.badge::before{content:"";width:.55em;height:.55em;border-radius:50%;background:currentColor}
.finished{color:var(--good)}.stopped,.running,.unfinished{color:var(--warn)}.failed{color:var(--bad)}
td .badge{border:0;padding:0;top:0;font-size:inherit;font-weight:400}
.lede{font-size:1.15rem;line-height:1.5;margin:.9rem 0 .5rem;max-width:50rem;overflow-wrap:break-word}
.description{white-space:pre-line;max-width:50rem;overflow-wrap:break-word}
header>p{overflow-wrap:break-word}
.lede+p{color:var(--muted);font-size:.95rem;margin:0 0 1.4rem;max-width:50rem}
.alert{border-left:3px solid var(--warn);padding:.15rem 0 .15rem .9rem;margin:1rem 0;max-width:50rem;overflow-wrap:break-word}
.alert.failed{border-color:var(--bad);color:inherit}
.alert ul{margin:.2rem 0;padding-left:1.1rem}
.tiles{display:grid;grid-template-columns:repeat(5,1fr);gap:0 1.5rem;margin:0;border-bottom:1px solid var(--rule)}
.tiles div{padding:.7rem 0 .8rem;border-top:1px solid var(--rule);min-width:0}
.tiles dt{color:var(--muted);font-size:.8rem}
.tiles dd{margin:0;font-size:1.42rem;line-height:1.25;font-weight:600;font-variant-numeric:tabular-nums;
letter-spacing:-.01em;white-space:nowrap}
.tiles dd small{display:block;font-size:.77rem;line-height:1.35;font-weight:400;color:var(--muted);letter-spacing:0;
white-space:normal}
nav{margin:1.3rem 0 0;font-size:.88rem;display:flex;flex-wrap:wrap;gap:.2rem 1.15rem}
nav a{text-decoration:none;white-space:nowrap}
nav a:hover{text-decoration:underline}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,25rem),1fr));gap:1.6rem 2.2rem;align-items:start}
.narrow{max-width:40rem}
:is(.panels,.wide-narrow)+.panels{margin-top:1.9rem}
.wide-narrow{display:grid;grid-template-columns:3fr 2fr;gap:1.6rem 2.2rem;align-items:start}
.grid>*,.wide-narrow>*{min-width:0;margin:0}
:is(.grid,.timebar,figure,.wide-narrow)+.grid,.grid+figure,.grid+.wide-narrow,.table+:is(.grid,.wide-narrow){margin-top:1.9rem}
figure{margin:1rem 0 0}
svg.chart{display:block;width:100%;height:auto;overflow:visible;font-family:inherit}
figcaption,caption{color:var(--muted);font-size:.86rem;line-height:1.45;max-width:46rem}
figcaption{margin-top:.5rem;overflow-wrap:break-word}
.save{white-space:nowrap;color:inherit}
.appendix{margin:4rem 0 -1.5rem;color:var(--muted);font-weight:600;font-size:.95rem}
figcaption b,caption b{color:var(--ink)}
.multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(46%,13.5rem),1fr));gap:1.1rem 1.2rem}
.multiples.wide{grid-template-columns:repeat(auto-fill,minmax(min(100%,18rem),1fr))}
.multiples h3{margin:0 0 .15rem;font-size:.9rem;font-family:inherit;font-weight:600;display:flex;justify-content:space-between;gap:.5rem}
.multiples h3 span{min-width:0;overflow-wrap:break-word}
.multiples h3 small{color:var(--muted);font-weight:400;font-size:.84rem;white-space:nowrap;font-variant-numeric:tabular-nums}
.timebar{margin:1rem 0 0}
.timebar svg.chart{height:1.7rem;border-radius:3px}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;margin:.5rem 0 0;padding:0;font-size:.86rem;line-height:1.5}
.legend li{display:flex;align-items:center;gap:.4rem;min-width:0}
.legend li span{min-width:0;overflow-wrap:break-word}
.legend .v{flex:none;color:var(--muted);font-variant-numeric:tabular-nums}
.times{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,16rem),1fr));gap:.15rem 2.2rem}
.times .v{margin-left:auto}
.tag{display:inline-flex;align-items:center;gap:.35rem;white-space:nowrap}
svg.key{flex:none;width:.95rem;height:.95rem;overflow:visible}
.scroll{overflow-x:auto}
.wide svg.chart{min-width:var(--least)}
.scroll:focus-visible{outline:2px solid var(--c1);outline-offset:2px}
.table{margin:1.1rem 0 0}
.grid>.table,.wide-narrow>.table{margin:0}
table{border-collapse:collapse;font-size:.88rem;line-height:1.4;min-width:min(100%,22rem);font-variant-numeric:tabular-nums}
.grid table,.wide-narrow table{width:100%}
caption{position:sticky;left:0;max-width:min(46rem,calc(100vw - 2.2rem));overflow-wrap:break-word;text-align:left;padding:0 0 .5rem;caption-side:top;white-space:normal}
th,td{text-align:left;padding:.32rem .8rem .32rem 0;vertical-align:baseline;border-bottom:1px solid var(--grid);font-weight:400}
th:last-child,td:last-child{padding-right:0}
thead :is(th,td){border-bottom:1px solid var(--muted);color:var(--muted);font-weight:600;vertical-align:bottom}
thead .n{white-space:normal}
tbody th,thead :is(th,td):first-child{position:sticky;left:0;background:var(--page)}
td code{display:block;min-width:14rem}
.pairs td code{min-width:0}
.nowrap{white-space:nowrap}
.stacked th,.stacked td{padding-right:.55rem}
.run{display:block;min-width:9rem}
.pairs tbody th{position:static;color:var(--muted);white-space:nowrap}
tfoot th,tfoot td{border-bottom:0;border-top:1px solid var(--muted);font-weight:600}
.n{text-align:right;white-space:nowrap}
.best{font-weight:700}
.notes{margin:0;font-size:.86rem;line-height:1.45;color:var(--muted)}
.table+.notes{margin-top:1.2rem}
.wide-narrow>.table+.notes{margin-top:0}
.notes dt{font-weight:600;color:var(--ink);margin-top:.6rem}
.notes dt:first-child{margin-top:0}
.notes dd{margin:0}
.missing{color:var(--muted);font-style:italic}
.grid>.missing{grid-column:1/-1;margin:0}
details{margin:1.1rem 0 0}
.numbers{margin:.5rem 0 0}
.numbers summary{font-weight:400;font-size:.86rem;color:var(--muted)}
.numbers .scroll{max-height:24rem;overflow-y:auto}
summary{cursor:pointer;font-weight:600;font-size:.95rem}
pre{background:var(--panel);border:1px solid var(--grid);border-radius:5px;padding:.8rem 1rem;overflow-x:auto;line-height:1.5;
margin:.6rem 0;tab-size:2}
pre.wrap{white-space:pre-wrap;overflow-wrap:break-word}
.yk{color:var(--c1)}.ys{color:var(--good)}.yn{color:var(--warn)}.yb{color:var(--bad)}.yc{color:var(--muted);font-style:italic}
@media (max-width:62rem){.tiles{grid-template-columns:repeat(4,1fr)}.wide-narrow{grid-template-columns:1fr}}
@media (max-width:46rem){.tiles{grid-template-columns:repeat(3,1fr)}}
@media (max-width:30rem){main{padding-top:1.4rem}.tiles{grid-template-columns:repeat(2,1fr)}.tiles dd{font-size:1.25rem}
table{font-size:.84rem;min-width:100%}th,td{padding-right:.6rem}
.stacked thead{display:none}.stacked :is(tbody,tr,th){display:block}
.stacked tr{padding:.5rem 0}.stacked td{display:flex;justify-content:space-between;gap:1rem;padding-right:0;text-align:right}
.stacked td::before{content:attr(data-name);text-align:left;white-space:normal;color:var(--muted)}
.pairs :is(tbody,tr,th,td){display:block}.pairs tbody th{border-bottom:0;padding-bottom:0}.pairs td{padding-top:0}}
@media print{
@page{margin:16mm 15mm}
html{font-size:10.5pt}
body{font-size:1rem}
main{max-width:none;padding:0}
nav{display:none}
.grid{grid-template-columns:1fr 1fr;gap:1rem 1.4rem}
.wide-narrow{grid-template-columns:3fr 2fr}
.multiples{grid-template-columns:repeat(4,1fr)}
.tiles{grid-template-columns:repeat(5,1fr)}
figure,.table tr,.tiles,h2,h3{break-inside:avoid}
h2,h3{break-after:avoid}
.scroll{overflow:visible}
pre{white-space:pre-wrap;overflow-wrap:break-word}
.save,.numbers{display:none}
details::details-content{content-visibility:visible;block-size:auto}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`;
