/** The same rows without a shape as several runs reconstruct them: a few columns of each, truth and reconstructions on one line. */
import { SHAPES } from "./charts/marks.ts";
import { profileDots } from "./charts/profile_dots.ts";
import { error } from "./format.ts";
import { type Html, markup } from "./html.ts";
import type { Numbering } from "./numbering.ts";
import { errorsOf, nameOf, type SameRow, type Shown } from "./same_rows.ts";
import { strokeOf, tagOf, tagsText } from "./tags.ts";
import { color } from "./theme.ts";

/** Runs beside each other have other colours and other shapes. */
const keyOf = (index: number) => ({
  ...{ name: tagOf(index), fill: strokeOf(index).stroke, shape: SHAPES[index % SHAPES.length]! },
});

export function profiles(
  all: readonly Shown[],
  numbers: readonly number[],
  unit: string,
  numbering: Numbering,
): Html {
  const [{ data }] = all as [Shown];
  const markOf = ({ reconstruction }: SameRow, i: number) => ({ ...keyOf(all[i]!.index), values: reconstruction });
  const panels = numbers.map((number) => {
    const made = all.map(({ rows }) => rows.get(number)!), [first] = made;
    return {
      title: nameOf(first!),
      note: "",
      svg: profileDots(first!.columns!, { name: "truth", values: first!.truth }, made.map(markOf), {
        title: `Columns of ${nameOf(first!)} and their reconstructions`,
        description: made.map(({ mse }, i) => `run ${tagOf(all[i]!.index)}: MSE ${error(mse)}`).join("; "),
        ...{ xLabel: unit, width: 320 },
      }),
    };
  });
  return numbering.panels(
    panels,
    markup`Columns of rows of the ${data.split} part: truth (grey bars) and the reconstructions by ${
      tagsText(all.map(({ index }) => index))
    } (marks). Of each row they are the columns with the largest values, and those that are furthest from their means, such as zeros
where most rows have something. Unit of the values: ${unit}.`,
    errorsOf(all, numbers, numbering),
    {
      title: "The same rows as the runs reconstruct them",
      wide: true,
      legend: [
        { name: "truth", fill: color("muted") },
        ...all.map(({ index }) => keyOf(index)),
      ],
    },
  );
}
