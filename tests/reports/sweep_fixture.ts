/** A sweep's folder as `sweep` leaves it, made up from a seed. */
import { join } from "@std/path";
import { formatCsvLine } from "../../core/formats/csv.ts";
import { showFlow } from "../../core/config/show.ts";
import { makeRun, uniform } from "./fixture.ts";

export interface SweepFixture {
  readonly keys: readonly string[];
  readonly points: readonly (readonly unknown[])[];
  readonly seeds: number;
  /** The validation loss of a point without the noise of seeds. */
  readonly loss: (values: readonly unknown[]) => number;
  readonly metric?: string;
  /** How runs end that do not finish, by `point seed`. */
  readonly ends?: Readonly<Record<string, { status: string; error: string; folder: boolean }>>;
  readonly epochs?: number;
  /** Which of a point's values is the size of the latent vector. */
  readonly latent?: number;
  /** The KL divergence of a point's code, in nats a row. */
  readonly kl?: (values: readonly unknown[]) => number;
}

/** Writes the folder. @returns its path */
export function makeSweepFolder(parent: string, name: string, options: SweepFixture): string {
  const { keys, points, seeds, loss, metric = "validation.loss", ends = {}, epochs = 6, latent, kl } = options;
  const folder = join(parent, name);
  Deno.mkdirSync(folder);
  Deno.writeTextFileSync(
    join(folder, "sweep.yaml"),
    `name: ${JSON.stringify(name)}\nbase: base.yaml\nseeds: ${seeds}\n`,
  );
  const random = uniform(5);
  const sample = makeRun({ epochs, stepsPerEpoch: 4, columns: 20, latentRows: 4 });
  const lines = [
    formatCsvLine(["point", "seed", ...keys, "run", "identity", "status", metric, "epochs", "seconds", "error"]),
  ];
  for (const [i, values] of points.entries()) {
    for (let seed = 1; seed <= seeds; seed++) {
      const run = `${String(i + 1).padStart(3, "0")}-seed-${seed}-0123456789`;
      const end = ends[`${i + 1} ${seed}`] ?? { status: "finished", error: "", folder: true };
      const value = loss(values) * (1 + 0.02 * (random() - 0.5));
      const finished = end.status === "finished";
      const shown = values.map((each) => showFlow(each));
      const figures = finished ? [value, epochs, 1.5] : [null, null, null];
      lines.push(formatCsvLine([i + 1, seed, ...shown, run, "0".repeat(64), end.status, ...figures, end.error]));
      if (!end.folder) continue;
      Deno.mkdirSync(join(folder, run));
      Deno.writeTextFileSync(join(folder, run, "config.yaml"), `seed: ${seed}\n`);
      const header = Object.keys(sample.epochs[0]!);
      const rows = sample.epochs.map((row) =>
        formatCsvLine(Object.values({ ...row, validation_loss: value * (1 + 1 / row.epoch) }) as number[])
      );
      Deno.writeTextFileSync(join(folder, run, "epochs.csv"), [header.join(","), ...rows, ""].join("\n"));
      if (!finished) continue;
      if (latent !== undefined) {
        const encoder = {
          name: "encoder.0",
          kind: "linear",
          detail: "",
          inputs: 20,
          outputs: values[latent],
          parameters: 9,
        };
        Deno.writeTextFileSync(join(folder, run, "model.json"), JSON.stringify([encoder]));
      }
      const metrics = {
        ...sample.summary!.metrics.validation!,
        loss: value,
        mse: value,
        ...kl ? { code_kl: kl(values) } : {},
      };
      const summary = { ...sample.summary, name: run, metrics: { ...sample.summary!.metrics, validation: metrics } };
      Deno.writeTextFileSync(join(folder, run, "summary.json"), JSON.stringify(summary));
    }
  }
  Deno.writeTextFileSync(join(folder, "results.csv"), lines.join("\n") + "\n");
  return folder;
}
