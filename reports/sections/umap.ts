/** The map of the latent space by UMAP, which stands beside that of its principal components. */
import { umap, type UmapDiagnostic } from "../../core/diagnostics/umap.ts";
import { DecodeError } from "../../core/runs/decode.ts";
import type { LatentDiagnostic, RunData } from "../../core/runs/types.ts";
import { latentFrame, type LatentGroup, latentScatter } from "../charts/latent_scatter.ts";
import { smallScatters } from "../charts/small_scatter.ts";
import { courseOf } from "../drawing.ts";
import { count, number, plural } from "../format.ts";
import { groupsOf } from "../groups.ts";
import { type Html, markup } from "../html.ts";
import type { Legend } from "../legend.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { finite } from "../series.ts";
import { momentText } from "../when.ts";

/** What a run's map by UMAP is made of; null where it has none, or its file is not one. */
export function umapOf(run: RunData): UmapDiagnostic | null {
  if (run.diagnostics.umap === undefined) return null;
  try {
    return umap.decode(run.diagnostics.umap, "");
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** The groups of the map of principal components, where all rows are on it, so that colours are the same on both. */
function mapOf({ rows, scores, labels }: UmapDiagnostic, latent: LatentDiagnostic | null): LatentGroup[] {
  const at = new Map(rows.map((row, i) => [row, scores[i] ?? []]));
  const isThere = latent !== null && rows.length > 0 && new Set(latent.rows).isSupersetOf(at);
  if (!isThere) return groupsOf({ scores, labels, latent_size: 2 });
  const placed = latent.rows.map((row) => at.get(row) ?? [NaN, NaN]);
  return groupsOf({ scores: placed, labels: latent.labels, latent_size: 2 });
}

/** The map as a figure. */
export function umapFigure(data: UmapDiagnostic, run: RunData, numbering: Numbering): Html {
  const groups = mapOf(data, run.latent).map((group) => ({ ...group, points: finite(group.points) }))
    .filter(({ points }) => points.length > 0);
  if (groups.length === 0) return missing("No row has finite coordinates on the map by UMAP.");
  const legend: Legend = data.labels
    ? groups.map((g) => ({ name: g.name, fill: g.fill, shape: g.shape, value: count(g.points.length) }))
    : [];
  const { outside } = latentFrame(groups);
  const far = outside > 0
    ? ` ${plural(outside, "row")} far from all others ${outside === 1 ? "lies" : "lie"} outside the frame.`
    : "";
  const { svg, density } = latentScatter(groups, null, false);
  return numbering.figure(
    svg,
    markup`Latent map by UMAP of ${plural(data.scores.length, "row")} of all parts after ${
      momentText(run, data.epoch)
    }: each is placed near the ${
      count(data.neighbours)
    } rows whose latent vectors are nearest to its own (least distance ${number(data.min_distance, 2)}, seed ${
      String(data.seed)
    }). Who is near whom has a meaning here. The axes, the sizes of groups and the distances between them have
none.${far}${density && ` ${density.said}`}`,
    { legend: [...legend, ...density?.legend ?? []] },
  );
}

/** The maps of several epochs; null where there is but one. */
export function umapOverEpochs(data: UmapDiagnostic, run: RunData, numbering: Numbering): Html | null {
  const course = courseOf(run, "umap", umap.decode, data);
  if (course.length < 2) return null;
  const maps = course.map(({ epoch, data }) => ({
    groups: mapOf(data, null),
    name: `epoch ${count(epoch)}`,
    title: `Latent map by UMAP, epoch ${count(epoch)}`,
    description: "",
  }));
  const { svgs, said } = smallScatters(maps);
  return numbering.panels(
    maps.map(({ name }, i) => ({ title: name, note: "", svg: svgs[i]! })),
    markup`The map by UMAP at ${plural(course.length, "epoch")}. Each begins anew, so groups may lie elsewhere.${said}`,
    null,
    { title: "Latent maps by UMAP by epoch" },
  );
}
