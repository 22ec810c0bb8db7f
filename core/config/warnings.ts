/** Warnings about settings that are valid but almost certainly mistakes. */
import { countText, pluralText, settingText } from "../figures.ts";
import { dropsValues, isAdaptive, isOfCounts, keepsFewValues, keepsRunningStatistics, sizeOf } from "./properties.ts";
import type { Config, Transform } from "./types.ts";

export interface Warning {
  readonly key: string;
  /** What is unusual, with the values. */
  readonly what: string;
  readonly hint: string;
  /** The other key that the setting does not fit. */
  readonly against?: string;
}

/** Highest learning rate at which the adaptive rules are known to work. */
const ADAPTIVE_RATE = 0.1;

/** Sizes of a run that do not follow from the config alone. */
export interface RunSizes {
  readonly columns: number;
  readonly validationRows: number;
  readonly stepsPerEpoch: number;
  readonly trainingRows: number;
  /** The number of rows that an epoch's largest set of files has whose rows are shuffled together. */
  readonly largestWindow: number;
  /** The number of rows in the smallest training batch. */
  readonly leastBatch: number;
}

/** Warnings that do not depend on the data. */
export function configWarnings(config: Config): Warning[] {
  const { optimizer, scheduler, training, checkpoint, diagnostics } = config;
  const { epochs } = training;
  const { patience } = training.early_stopping;
  const warnings: Warning[] = [];
  const warn = (key: string, what: string, hint: string) => warnings.push({ key, what, hint });
  const misfit = (key: string, what: string, hint: string) =>
    warnings.push({ key, what, hint, against: "training.epochs" });
  if (isAdaptive(optimizer) && optimizer.learning_rate > ADAPTIVE_RATE) {
    const what = `is ${settingText(optimizer.learning_rate)}: ${optimizer.name} seldom learns above ${ADAPTIVE_RATE}`;
    warn("optimizer.learning_rate", what, "usual values are 0.0001 to 0.01");
  }
  if (!hasValidation(config)) warnings.push(...withoutValidation(config));
  else if (patience !== null && patience >= epochs) {
    misfit("training.early_stopping.patience", `is ${patience}, but the run has only ${epochs} epochs`, "lower it");
  }
  const cadences = [["checkpoint.every_epochs", checkpoint], ["diagnostics.every_epochs", diagnostics]] as const;
  for (const [key, { every_epochs }] of cadences) {
    if (every_epochs !== null && every_epochs > epochs) {
      misfit(key, `is ${every_epochs}, but the run has ${epochs} epochs`, "lower it, or set it to 0");
    }
  }
  if (scheduler.name === "step" && scheduler.step_epochs >= epochs) {
    const what = `is ${scheduler.step_epochs}: the rate never drops in ${epochs} epochs`;
    misfit("scheduler.step_epochs", what, "lower it, or set scheduler.name: constant");
  }
  if (scheduler.name === "plateau" && scheduler.patience >= epochs) {
    const what = `is ${scheduler.patience}: the rate never drops in ${epochs} epochs`;
    misfit("scheduler.patience", what, "lower it, or set scheduler.name: constant");
  }
  warnings.push(...transformWarnings(config), ...countWarnings(config));
  return warnings;
}

/** What makes other numbers of counts, among transforms and among steps. */
const OF_COUNTS: readonly string[] = ["library_size", "size_factors", "log1p", "scale"];

/** A loss of counts compares with the rows as transforms and steps have made them. */
function countWarnings({ data, loss }: Config): Warning[] {
  if (!isOfCounts(loss)) return [];
  const stepKind = (step: unknown) => typeof step === "object" && step !== null ? Object.keys(step)[0] : String(step);
  const changing = [
    ["data.steps", data.steps.map(stepKind)],
    ["data.transforms", data.transforms.map(({ kind }) => kind)],
  ] as const;
  return changing.flatMap(([key, kinds]) => {
    const found = kinds.filter((kind) => kind !== undefined && OF_COUNTS.includes(kind));
    if (found.length === 0) return [];
    const what = `make other numbers of the counts (${found.join(", ")}), and loss.kind ${loss.kind} is of counts`;
    return [{ key, what, hint: "put that into data.input_transforms, which change what is encoded alone" }];
  });
}

function withoutValidation({ training, scheduler }: Config): Warning[] {
  const hint = "set data.split.validation";
  const what = (does: string) => `${does} by the training loss, because no rows are held out for validation`;
  return [
    ...(training.early_stopping.patience === null
      ? []
      : [{ key: "training.early_stopping.patience", what: what("ends the run"), hint }]),
    ...(scheduler.name === "plateau" ? [{ key: "scheduler.name", what: what("plateau lowers the rate"), hint }] : []),
  ];
}

function transformWarnings({ data }: Config): Warning[] {
  const own = transformWarning("data.transforms", data.transforms);
  if (own.length > 0 || data.input_transforms.length === 0) return own;
  return transformWarning("data.input_transforms", [...data.transforms, ...data.input_transforms]);
}

function transformWarning(key: string, transforms: readonly Transform[]): Warning[] {
  const kinds = transforms.map(({ kind }) => kind);
  const first = kinds.indexOf("log1p");
  if (first < 0) return [];
  if (kinds.lastIndexOf("log1p") > first) return [{ key, what: "take the logarithm twice", hint: "keep one log1p" }];
  if (kinds.lastIndexOf("library_size") > first) {
    return [{ key, what: "scale rows to library_size after log1p", hint: "put library_size before log1p" }];
  }
  return [];
}

/** Warnings that depend on the data, without those of {@link configWarnings}. */
export function sizeWarnings(config: Config, sizes: RunSizes): Warning[] {
  const { data, model, scheduler, training, checkpoint } = config;
  const { columns, stepsPerEpoch, leastBatch, trainingRows, largestWindow } = sizes;
  const steps = Math.min(stepsPerEpoch * training.epochs, training.max_steps ?? Infinity);
  const warnings: Warning[] = [];
  const warn = (key: string, what: string, hint: string) => warnings.push({ key, what, hint });
  const layers = [...model.encoder, ...model.decoder];
  if (sizes.validationRows === 0 && hasValidation(config)) warnings.push(...withoutValidation(config));
  if (data.batch_size > trainingRows && trainingRows > 0) {
    const what = `is ${countText(data.batch_size)}, more than the ${
      pluralText(trainingRows, "row")
    } of the training part: an epoch is one step`;
    warn("data.batch_size", what, `set it to ${trainingRows} or less`);
  } else if (data.batch_size > largestWindow && largestWindow > 0) {
    const what = `is ${countText(data.batch_size)}, but the files whose rows are shuffled together have at most ${
      countText(largestWindow)
    } training rows, and no batch is larger`;
    warn("data.batch_size", what, `set it to ${largestWindow} or less, or raise data.shuffle_window`);
  }
  const overBatch = layers.find(keepsRunningStatistics);
  if (leastBatch === 1 && overBatch) {
    const what =
      `is ${data.batch_size}, which leaves a batch of one row, and ${overBatch.kind} cannot normalise a single row`;
    warn("data.batch_size", what, "set data.last_batch: drop, or another batch size");
  }
  if (scheduler.warmup_steps >= steps && steps > 0 && scheduler.warmup_steps > 0) {
    const what = `is ${scheduler.warmup_steps}, but the run has ${
      countText(steps)
    } steps: the learning rate is never reached`;
    warn("scheduler.warmup_steps", what, "lower it");
  }
  if (checkpoint.every_steps > steps && training.max_steps === null) {
    warn(
      "checkpoint.every_steps",
      `is ${checkpoint.every_steps}, but the run has ${countText(steps)} steps`,
      "lower it",
    );
  }
  const latent = model.encoder.map(sizeOf).findLast((size) => size !== undefined);
  const isLimited = layers.some((layer) => dropsValues(layer) || keepsFewValues(layer));
  if (latent !== undefined && latent >= columns && data.mask_rate === 0 && !isLimited) {
    const what = `ends with ${latent} values for ${
      countText(columns)
    } columns: it can copy a row instead of learning from it`;
    warn("model.encoder", what, "make its last layer with a size smaller");
  }
  return warnings;
}

function hasValidation({ data: { split } }: Config): boolean {
  return split.by === "rows" ? split.validation > 0 : split.validation.length > 0;
}

/**
 * Whether it comes of a run that is made shorter for once: its epochs set in an override, what they do not fit in a
 * file.
 */
export function isOfTrial({ key, against }: Warning, origin: (key: string) => string): boolean {
  const isOverride = (name: string) => origin(name).startsWith("--override");
  return against !== undefined && isOverride(against) && !isOverride(key);
}

/**
 * A warning as one line.
 * @param where who set the key, where that is known and not a default
 */
export function warningText({ key, what, hint }: Warning, where?: string): string {
  const place = where === undefined || where === "default" ? "" : `${where}: `;
  return `warning: ${place}${key} ${what}; ${hint}`;
}
