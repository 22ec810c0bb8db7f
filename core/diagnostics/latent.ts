/** Where the rows lie in latent space: scores on the first two principal components of the embeddings. */
import * as schema from "../runs/schema.ts";
import type { LatentDiagnostic } from "../runs/types.ts";
import { type Diagnostic, type DiagnosticContext, short } from "./diagnostic.ts";
import { Canvas, type Colour, COLOURS, GREY, LINE, MARGIN, type Picture, picture, scaleOf, SIDE } from "./drawing.ts";

async function run(context: DiagnosticContext): Promise<LatentDiagnostic> {
  const { latentSize, data: { labels } } = context;
  const chosen = context.choose(["train", "validation", "test"], context.maxRows);
  const values = await context.embed(chosen);
  // The library of matrices is loaded when it is needed, since configs read this file too.
  const { principalComponents } = await import("./pca.ts");
  const { scores, explained } = principalComponents(values, chosen.rows.length, latentSize, 2);
  return {
    epoch: context.epoch,
    split: "all",
    rows: chosen.rows,
    latent_size: latentSize,
    scores: scores.map((row) => row.map(short)),
    explained: explained.map(short),
    labels: labels ? chosen.rows.map((row) => labels[row] ?? "") : null,
  };
}

/** Rows at their two coordinates, coloured by the eight commonest labels. */
export function latentMap({ scores, labels }: Pick<LatentDiagnostic, "scores" | "labels">): Picture {
  const canvas = new Canvas(SIDE, SIDE);
  canvas.frame(0, 0, SIDE, SIDE, LINE);
  const colours = coloursOf(labels);
  const x = scaleOf(scores.map(([first]) => first!), MARGIN, SIDE - MARGIN);
  const y = scaleOf(scores.map(([, second]) => second ?? 0), SIDE - MARGIN, MARGIN);
  const share = scores.length > 1000 ? 0.5 : 0.8;
  for (const [row, [first, second]] of scores.entries()) {
    canvas.dot(x(first!), y(second ?? 0), 2.2, labels ? colours.get(labels[row]!) ?? GREY : COLOURS[0]!, share);
  }
  return picture(canvas);
}

function coloursOf(labels: readonly string[] | null): Map<string, Colour> {
  const counts = new Map<string, number>();
  for (const label of labels ?? []) counts.set(label, (counts.get(label) ?? 0) + 1);
  const common = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([label]) => label);
  return new Map(common.slice(0, COLOURS.length).map((label, i) => [label, COLOURS[i]!]));
}

export const latent: Diagnostic<LatentDiagnostic> = {
  name: "latent",
  about: "a map of the rows by the first two principal components of their latent vectors",
  cost: "one pass of the encoder over at most diagnostics.max_rows rows",
  automatic: () => true,
  run,
  decode: schema.latent,
  picture: latentMap,
};
