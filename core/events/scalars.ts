/** The numbers of rows and summaries that loggers of scalars take, and their names there. */
import type { BaselineMetrics, SplitMetrics, Summary } from "../runs/types.ts";
import type { EpochEvent, StepsEvent } from "./types.ts";

export type Scalars = readonly (readonly [name: string, value: number])[];

const STEP_SCALARS = ["loss", "learning_rate", "grad_norm", "samples_per_second"] as const;
const EPOCH_SCALARS = [
  ...["epoch", "train_loss", "validation_loss", "learning_rate", "samples_per_second", "grad_norm_max"] as const,
  ...["elapsed_s", "wait_ms", "train_ms", "validation_ms", "checkpoint_ms", "diagnostics_ms"] as const,
];

/** `train/loss` and so on of a step. @param row its place in the event */
export function stepScalars(event: StepsEvent, row: number): Scalars {
  return STEP_SCALARS.map((name) => [`train/${name}`, event[name][row]!]);
}

/** `epoch/train_loss` and so on. {@link EPOCH_NUMBER} is among them. */
export function epochScalars(event: EpochEvent): Scalars {
  return EPOCH_SCALARS.flatMap((name) => {
    const value = event[name];
    return value === null ? [] : [[`epoch/${name}`, value] as const];
  });
}

/** The name of the number of an epoch, by which a sink that reads its own file finds rows of epochs. */
export const EPOCH_NUMBER = "epoch/epoch";
/** The name of a value that each step has. */
export const STEP_VALUE = "train/loss";
export const FINAL = "final/";

/** `final/test_r2` and so on: the metrics at the end of a run, and `final/pca_test_r2` of the PCA that they are compared with. */
export function finalScalars({ metrics, baseline }: Summary): Scalars {
  const { train, validation, test } = baseline?.pca ?? {};
  return [
    ...partScalars("", metrics),
    ...partScalars("pca_", { train, validation, test }),
  ];
}

function partScalars(
  prefix: string,
  parts: Readonly<Record<string, SplitMetrics | BaselineMetrics | null | undefined>>,
) {
  return Object.entries(parts).flatMap(([part, all]) =>
    Object.entries(all ?? {}).flatMap(([name, value]) =>
      typeof value === "number" ? [[`${FINAL}${prefix}${part}_${name}`, value] as const] : []
    )
  );
}
