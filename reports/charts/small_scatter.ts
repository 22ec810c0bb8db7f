import { axis } from "./axis.ts";
import type { LatentGroup } from "./latent_scatter.ts";
import { cloud } from "./marks.ts";
import { chart } from "./plot.ts";
import { finite } from "../series.ts";

/** A map of groups of rows without names, small, since many are drawn side by side. */
export function smallScatter(groups: readonly LatentGroup[], title: string, description: string): string {
  const points = groups.flatMap((group) => finite(group.points));
  const none = { ticks: [], label: "" };
  return chart({
    title,
    description,
    x: { ...axis(points.map(({ x }) => x), { pad: 0.06 }), ...none },
    y: { ...axis(points.map(({ y }) => y), { pad: 0.06 }), ...none },
    marks: groups.map(({ fill, shape, points }) =>
      cloud(finite(points), { fill, shape, radius: points.length > 300 ? 1.1 : 1.5 })
    ),
    grid: "none",
    width: 220,
    height: 200,
  });
}
