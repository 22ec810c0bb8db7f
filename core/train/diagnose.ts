/** Runs the diagnostics of a config one after the other into one folder an epoch. */
import { join } from "@std/path";
import { EngineError } from "../../ffi/error.ts";
import type { Model } from "../../ffi/model.ts";
import { type PcaFit, pcaModel } from "../baseline/pca.ts";
import type { Config } from "../config/types.ts";
import { kindNamed, LAYERS } from "../config/vocabulary.ts";
import { columnNamesOf, labelsOf } from "../data/annotations.ts";
import { chooseRow, chooseRows, chosenOf, feedRows, inputOf, type RowChoice, rowValues } from "../data/row_choice.ts";
import { type Part, PARTS, type Source } from "../data/source.ts";
import {
  type Chosen,
  type DataAbout,
  type DataKind,
  type Diagnostic,
  type DiagnosticContext,
  NoAnswer,
  type ParameterAbout,
} from "../diagnostics/diagnostic.ts";
import { DIAGNOSTICS } from "../diagnostics/list.ts";
import { COLLAPSED_NATS, columnVariation, evaluatePart, type Evaluation, Stopped } from "../evaluation/evaluate.ts";
import { makeFolder } from "../formats/file.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import { shapeOf, threadCount } from "./network.ts";
import { askModule, OwnFailure } from "./own_diagnostic.ts";
import { type LastStep, updateRatio } from "./update_ratio.ts";

export interface DiagnoseOptions {
  readonly config: Config;
  readonly model: Model;
  readonly source: Source;
  readonly epoch: number;
  /** Sums by column over the part looked at, where they are known already. */
  readonly evaluation?: Evaluation;
  /** Components of the training rows; null where there are none. Asked for at most once. */
  readonly pca?: () => Promise<PcaFit | null>;
  /** The last step, without a layer's factors; null where the optimizer's state is not that of the weights. */
  readonly lastStep?: LastStep | null;
  /** Factors of the learning rate by layer, where they are not 1. */
  readonly rates?: Readonly<Record<string, number>>;
  readonly stopped?: () => boolean;
  /** Told what went wrong without ending the run. */
  readonly warn?: (text: string) => void;
  /** Names of the user's own diagnostics that have failed and are not asked again; those that fail are added. */
  readonly off: Set<string>;
  /** Told how long each took. */
  readonly detail?: (text: string) => void;
}

export interface Diagnosed {
  readonly folder: string;
  /** What each diagnostic wrote, by its name; those that had no answer are missing. */
  readonly found: ReadonlyMap<string, unknown>;
}

/**
 * Writes `diagnostics/epoch-NNNN/NAME.json` for every diagnostic that the config asks for and that has an answer.
 * @throws {Stopped}
 */
export async function runDiagnostics(runDir: string, options: DiagnoseOptions): Promise<Diagnosed> {
  const { config, epoch, stopped, warn, off, detail } = options;
  const context = await contextOf(options);
  const folder = join(runDir, "diagnostics", `epoch-${String(epoch).padStart(4, "0")}`);
  await makeFolder(folder);
  const found = new Map<string, unknown>();
  const times: string[] = [];
  const written = async (name: string, ask: () => Promise<unknown>) => {
    if (stopped?.()) throw new Stopped("stopped");
    const begun = performance.now(), data = await ask();
    times.push(`${name} ${((performance.now() - begun) / 1000).toFixed(2)} s${data === null ? " (none)" : ""}`);
    if (data === null) return;
    found.set(name, data);
    await writeFileAtomic(join(folder, `${name}.json`), new TextEncoder().encode(JSON.stringify(data)));
  };
  for (const { name, run } of asked(config, context.data)) {
    const settings = config.diagnostics[name] as Record<string, unknown> | undefined;
    await written(name, () =>
      run({ ...context, settings: settings ?? {} }).catch((error) => {
        if (!(error instanceof NoAnswer)) throw error;
        detail?.(`diagnostics: no ${name}: ${error.message}`);
        return null;
      }));
  }
  for (const module of ownOnes(config)) {
    if (off.has(module.name)) continue;
    const log = join(runDir, `diagnostic-${module.name}.log`);
    await written(module.name, () =>
      askModule(module, context, { run: runDir, log, stopped }).catch((error) => {
        if (!(error instanceof OwnFailure)) throw error;
        off.add(module.name);
        warn?.(
          `diagnostics.kinds: the module ${
            JSON.stringify(module.module)
          } ${error.message}, see ${log}; it is left out, and the ` +
            "run goes on without it",
        );
        return null;
      }));
  }
  detail?.(`diagnostics: ${times.join(", ")}`);
  return { folder, found };
}

/** The diagnostics of this program that `diagnostics.kinds` asks for, of data of this kind. */
function asked({ diagnostics: { kinds } }: Config, data: DataAbout): readonly Diagnostic[] {
  const named = typeof kinds === "string" ? [kinds] : kinds;
  const isNamed = (name: string) => named.includes(name);
  return DIAGNOSTICS.filter((diagnostic) =>
    isNamed("all") || isNamed(diagnostic.name) || (isNamed("auto") && diagnostic.automatic(data))
  );
}

/** The user's own diagnostics among them. */
const ownOnes = ({ diagnostics: { kinds } }: Config) =>
  typeof kinds === "string" ? [] : kinds.filter((kind) => typeof kind === "object");

/** Two axes are channels and samples of a signal where there are few and long channels, else an image of one channel. */
function kindOf(shape: readonly number[] | null, dense: boolean): DataKind {
  if (!dense) return "sparse";
  if (shape === null) return "table";
  const [first, second] = shape;
  return shape.length === 3 || (shape.length === 2 && 8 * first! > second!) ? "images" : "signals";
}

async function aboutOf(config: Config, source: Source): Promise<DataAbout> {
  const shape = shapeOf(config, source);
  return {
    kind: kindOf(shape, source.dense),
    columns: source.columns,
    shape,
    rate_hz: source.rateHz,
    names: await columnNamesOf(config.data, source),
    labels: await labelsOf(config.data, source),
  };
}

async function contextOf(options: DiagnoseOptions): Promise<Omit<DiagnosticContext, "settings">> {
  const { config, model, source, epoch } = options;
  const { data } = config;
  const part: Part = source.partRows.validation > 0 ? "validation" : "train";
  const known = options.evaluation ?? await evaluatePart(model, source, part, config, { byColumn: true });
  if (!known.columns) throw new Error("a diagnostic needs sums by column");
  const { rows, columns: { sum, sse } } = known;
  let fitting: Promise<PcaFit | null> | undefined;
  const layers = model.layers();
  return {
    epoch,
    part,
    data: await aboutOf(config, source),
    sums: {
      ...{ rows, sum, sse, variation: columnVariation(known.columns, rows), active: known.active ?? null },
      divergence: known.divergence ? { of: known.divergence, collapsedBelow: COLLAPSED_NATS } : null,
    },
    latentSize: model.latentSize,
    maxRows: config.diagnostics.max_rows,
    maxColumns: config.diagnostics.columns,
    choose: (parts, most) => chooseRows(source, parts, data, most),
    firstBatch: (part, most) => {
      const file = source.files.find(({ parts }) => parts[part].length > 0)!;
      const own = file.parts[part].slice(0, Math.min(most, data.batch_size));
      return chosenOf(source, new Map([[file.index, own]]), data);
    },
    only: ({ rows }, at) => {
      const file = fileOf(source, rows[at]!);
      return chosenOf(source, new Map([[file.index, Uint32Array.of(rows[at]! - file.firstRow)]]), data);
    },
    partsOf: ({ rows }) =>
      rows.map((row) => {
        const file = fileOf(source, row);
        return PARTS.find((part) => includes(file.parts[part], row - file.firstRow))!;
      }),
    embed: (chosen) => embedded(model, chosen, config),
    scores: async (chosen) => {
      const fit = await (fitting ??= options.pca?.() ?? Promise.resolve(null));
      if (fit === null) return null;
      using pca = await pcaModel(fit, source, threadCount(config));
      // PCA gets what it is to reconstruct.
      const plain = { ...config, data: { ...data, input_transforms: [] } };
      return { values: await embedded(pca, chosen, plain), width: fit.count };
    },
    values: (chosen, columns) => rowValues(chosen as RowChoice, data, source.columns, columns),
    rowNumbered: (row) => chooseRow(source, data, row),
    input: (row) => inputOf(row as RowChoice, data, source.columns),
    reconstruct: async (chosen, columns) => {
      const some = columns && Uint32Array.from(columns);
      const width = columns?.length ?? source.columns;
      return await collected(chosen, config, width, (batches, rows) => model.reconstruct(batches, rows, some));
    },
    decode: (latent, columns) => answered(model.decode(latent, columns && Uint32Array.from(columns))),
    decoderJacobian: (latent) => answered(model.decoderJacobian(latent)),
    encoderJacobian: (chosen) =>
      answered(
        collected(chosen, config, model.latentSize * source.columns, (batches, rows) =>
          model.encoderJacobian(batches, rows)),
      ),
    layers: layers.map(({ part, index, kind, output, outputs }) => {
      const { bounds = null } = kindNamed(LAYERS, kind);
      return { name: `${part}.${index}`, kind, shape: output, outputs, bounds };
    }),
    layerOutputs: (chosen, layer) =>
      answered(
        collected(chosen, config, layers[layer]!.outputs, (batches, rows) => model.layerOutputs(batches, rows, layer)),
      ),
    parameters: () => tensorsOf(model, "parameter"),
    updateRatio: async (parameter) => {
      const { lastStep, rates } = options;
      const state = tensorsOf(model, "optimizer");
      const named = (ending: string) => state.find(({ name }) => name === `${parameter.name}.${ending}`);
      const first = named("exp_avg"), second = named("exp_avg_sq");
      // Rows that are left behind have moments of earlier steps.
      if (!lastStep || !first || !second || named("last_step")) return NaN;
      const layer = parameter.name.split(".").slice(0, 2).join(".");
      const own = { ...lastStep, rate: lastStep.rate * (rates?.[layer] ?? 1) };
      return await updateRatio(parameter, { first, second }, config.optimizer, own);
    },
    gradients: async (chosen) => {
      model.zeroGradients();
      for await (const { batches } of feedRows(chosen as RowChoice, data)) {
        await answered(model.backward(batches));
        break;
      }
      return tensorsOf(model, "gradient");
    },
  };
}

function tensorsOf(model: Model, role: "parameter" | "gradient" | "optimizer"): ParameterAbout[] {
  return model.tensors().filter((tensor) => tensor.role === role).map((info) => ({
    name: info.name,
    shape: info.shape,
    read: async (first, rows) => {
      const values = new Float32Array(rows * info.shape.slice(1).reduce((product, size) => product * size, 1));
      await model.readTensor(info, first, rows, new Uint8Array(values.buffer));
      return values;
    },
  }));
}

/** What the engine cannot do for a network, as a question without an answer. */
async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof EngineError && error.status === "unsupported") throw new NoAnswer(error.message);
    throw error;
  }
}

const fileOf = ({ files }: Source, row: number) => files.findLast(({ firstRow }) => firstRow <= row)!;

/** @param sorted rising */
function includes(sorted: Uint32Array, value: number): boolean {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === value;
}

type Batches = Parameters<Model["embed"]>[0];

/** What `of` gives for the batches of the chosen rows, one row after the other. */
async function collected(
  chosen: Chosen,
  { data }: Pick<Config, "data">,
  width: number,
  of: (batches: Batches, rows: number) => Promise<Float32Array>,
): Promise<Float32Array<ArrayBuffer>> {
  const all = new Float32Array(chosen.rows.length * width);
  let at = 0;
  for await (const { window, batches } of feedRows(chosen as RowChoice, data)) {
    const some = await of(batches, window.rows);
    all.set(some, at);
    at += some.length;
  }
  return all;
}

const embedded = (model: Model, chosen: Chosen, config: Pick<Config, "data">) =>
  collected(chosen, config, model.latentSize, (batches, rows) => model.embed(batches, rows));
