/** The sections of the user's own diagnostics: texts, tables, charts and pictures that their answers describe. */
import { isOwn, type OwnData, ownData, type OwnPartData, type OwnPicture } from "../../core/diagnostics/own.ts";
import type { RunData } from "../../core/runs/types.ts";
import { DecodeError } from "../../core/runs/decode.ts";
import { svgRoot } from "../charts/plot.ts";
import { seriesChart } from "../charts/series_chart.ts";
import { valueBars } from "../charts/value_bars.ts";
import { number } from "../format.ts";
import { breakable, type Content, escape, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing, type Section } from "../page.ts";
import { seriesColor } from "../theme.ts";
import { momentText } from "../when.ts";

/** Width in px to which small pictures are enlarged, and in which large ones are drawn. */
const DRAWN = 440;

/** Sections of all answers that are not of this program's diagnostics, by their names. */
export function ownSections(run: RunData, numbering: Numbering): Section[] {
  return Object.entries(run.diagnostics).filter(([, value]) => isOwn(value)).map(([name, value]) => {
    // No section of the page itself has such an anchor, whatever the name.
    const id = `own-${name.replaceAll(/[^a-z0-9_]/g, "-")}`;
    try {
      const data = ownData(value, "");
      return { id, title: data.title, body: body(data, run, numbering) };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return {
        id,
        title: name,
        body: missing(markup`The file <code>${name}.json</code> cannot be read: ${error.message}.`),
      };
    }
  });
}

function body(data: OwnData, run: RunData, numbering: Numbering): Content {
  const from = markup`<p class="notes">What <code>${
    breakable(data.module)
  }</code> answers, a diagnostic that the config names, after ${momentText(run, data.epoch)}.</p>\n`;
  if (data.parts.length === 0) return [from, missing("Its answer has nothing that is drawn.")];
  // Charts that follow each other stand side by side where there is room.
  const contents: Content[] = [], figures: Content[] = [];
  const placed = () => {
    const side = figures.splice(0);
    if (side.length > 0) contents.push(markup`<div class="${side.length > 1 ? "grid" : "narrow"}">${side}</div>\n`);
  };
  for (const part of data.parts) {
    const content = drawn(part, numbering);
    if (FIGURES.includes(part.kind)) figures.push(content);
    else {
      placed();
      contents.push(content);
    }
  }
  placed();
  return [from, contents];
}

const FIGURES: readonly OwnPartData["kind"][] = ["picture", "bars", "lines", "points"];

function drawn(part: OwnPartData, numbering: Numbering): Content {
  switch (part.kind) {
    case "text":
      return markup`<p class="description">${part.text}</p>\n`;
    case "table":
      return numbering.table({
        head: part.columns.map(breakable),
        rows: part.rows.map((row) => row.map((cell) => typeof cell === "string" ? breakable(cell) : number(cell))),
        numeric: part.columns.flatMap((_, i) => part.rows.every((row) => typeof row[i] === "number") ? [i] : []),
      }, part.caption);
    case "picture":
      return numbering.figure(pictureSvg(part), part.caption);
    case "bars":
      if (part.bars.length === 0) return missing("A chart of bars has none.");
      return numbering.figure(valueBars(part.bars, part.x), part.caption, {
        legend: [{ name: part.x, fill: seriesColor(0) }],
      });
    case "lines":
    case "points": {
      if (part.series.every(({ x }) => x.length === 0)) return missing("A chart has no point.");
      const legend = part.series.length < 2 ? [] : part.series.map(({ name }, i) => ({
        name,
        fill: seriesColor(i),
        shape: part.kind === "lines" ? "line" as const : "circle" as const,
      }));
      const svg = seriesChart(part.series, {
        ...{ kind: part.kind, title: part.caption || part.y, xLabel: part.x, yLabel: part.y, log: part.log },
      });
      return numbering.figure(svg, part.caption, { legend });
    }
  }
}

/** A picture as it is; the pixels of a small one are enlarged by a whole number. */
function pictureSvg({ png, width, height, caption }: OwnPicture): string {
  const zoom = Math.max(1, Math.floor(DRAWN / Math.max(width, height)));
  const [wide, high] = [width * zoom, height * zoom], pixels = zoom > 1 ? ' style="image-rendering:pixelated"' : "";
  // A picture that is narrower than the figure is drawn at its size, at the left.
  const room = Math.max(wide, DRAWN);
  return svgRoot(
    caption || "A picture",
    `A picture of ${width} x ${height} pixels.`,
    room,
    high,
    `<image x="0" y="0" width="${wide}" height="${high}"${pixels} href="data:image/png;base64,${escape(png)}"/>`,
  );
}
