import { bareAxes, densityOf, pixelsOf, SMALL } from "./density.ts";
import type { LatentGroup } from "./latent_scatter.ts";
import { cloud } from "./marks.ts";
import { chart, frameOf } from "./plot.ts";
import { finite } from "../series.ts";

const SIZE = { width: 220, height: 200 };
const radiusOf = (rows: number) => rows > 300 ? 1.1 : 1.5;

export interface SmallMap {
  readonly groups: readonly LatentGroup[];
  readonly title: string;
  readonly description: string;
}

/**
 * Maps of groups of rows without names, small, since they are drawn side by side. If the rows of one of them crowd, all are drawn by
 * hexagons, and `said` says so.
 */
export function smallScatters(maps: readonly SmallMap[]): { readonly svgs: string[]; readonly said: string } {
  const drawn = maps.map(({ groups }) => {
    const axes = bareAxes(groups.flatMap((group) => finite(group.points)));
    const at = pixelsOf(axes.x, axes.y, frameOf({ ...axes, ...SIZE }));
    const largest = Math.max(0, ...groups.map(({ points }) => points.length));
    return { axes, density: (always: boolean) => densityOf(groups, at, radiusOf(largest), SMALL, always) };
  });
  const isCrowded = drawn.some(({ density }) => density(false) !== null);
  const svgs = maps.map(({ groups, title, description }, i) => {
    const { axes, density } = drawn[i]!, hexagons = isCrowded ? density(true) : null;
    return chart({
      title,
      description: hexagons ? `${description} ${hexagons.said}`.trim() : description,
      ...axes,
      marks: hexagons
        ? [hexagons.mark]
        : groups.map(({ fill, shape, points }) =>
          cloud(finite(points), { fill, shape, radius: radiusOf(points.length) })
        ),
      grid: "none",
      ...SIZE,
    });
  });
  const isLabelled = maps.some(({ groups }) => groups.length > 1);
  const said = !isCrowded
    ? ""
    : isLabelled
    ? " Each mark stands for the rows of a hexagon, and the larger it is, the more they are."
    : " Each hexagon has the colour of the number of its rows.";
  return { svgs, said };
}
