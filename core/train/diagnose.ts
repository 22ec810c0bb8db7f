/** Runs the diagnostics of a config one after the other into one folder an epoch. */
import { join } from "@std/path";
import type { Model } from "../../ffi/model.ts";
import { type PcaFit, pcaModel } from "../baseline/pca.ts";
import { tableComponents } from "../baseline/table.ts";
import type { Config } from "../config/types.ts";
import type { Part, Source } from "../data/source.ts";
import {
  type Chosen,
  type DataAbout,
  type Diagnostic,
  type DiagnosticContext,
  NoAnswer,
} from "../diagnostics/diagnostic.ts";
import { DIAGNOSTICS } from "../diagnostics/list.ts";
import { columnVariation, evaluatePart, type Evaluation, Stopped } from "../evaluation/evaluate.ts";
import { makeFolder } from "../formats/file.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import { threadCount } from "./network.ts";
import { askModule, OwnFailure } from "./own_diagnostic.ts";
import { aboutOf, embedded, questionsOf, tensorsOf } from "./questions.ts";
import { type LastStep, updateRatio } from "./update_ratio.ts";

/** Sets of rows whose latent vectors are remembered: those of all parts and those of the part looked at. */
const REMEMBERED = 2;

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
    context.stopIfAsked();
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

/** Several diagnostics ask for the latent vectors of the same rows, which are computed once and which none of them changes. */
function rememberingRows<T>(ask: (chosen: Chosen) => Promise<T>): (chosen: Chosen) => Promise<T> {
  const known: { rows: readonly number[]; answer: Promise<T> }[] = [];
  return (chosen) => {
    const { rows } = chosen;
    const found = known.find((one) => one.rows.length === rows.length && one.rows.every((row, i) => row === rows[i]));
    if (found) return found.answer;
    const answer = ask(chosen);
    known.push({ rows, answer });
    if (known.length > REMEMBERED) known.shift();
    return answer;
  };
}

async function contextOf(
  options: DiagnoseOptions,
): Promise<Omit<DiagnosticContext, "settings"> & Required<Pick<DiagnosticContext, "stopIfAsked">>> {
  const { config, model, source, epoch } = options;
  const { data } = config;
  const part: Part = source.partRows.validation > 0 ? "validation" : "train";
  const known = options.evaluation ?? await evaluatePart(model, source, part, config, { byColumn: true });
  if (!known.columns) throw new Error("a diagnostic needs sums by column");
  const { rows, columns: { sum, sse } } = known;
  let fitting: Promise<PcaFit | null> | undefined;
  const questions = questionsOf(config, model, source, await aboutOf(config, source));
  return {
    ...questions,
    embed: rememberingRows(questions.embed),
    epoch,
    part,
    stopIfAsked: () => {
      if (options.stopped?.()) throw new Stopped("stopped");
    },
    sums: {
      ...{ rows, sum, sse, variation: columnVariation(known.columns, rows), active: known.active ?? null },
      divergence: known.divergence ?? null,
    },
    maxRows: config.diagnostics.max_rows,
    maxColumns: config.diagnostics.columns,
    scores: async (chosen) => {
      const fit = await (fitting ??= options.pca?.() ?? Promise.resolve(null));
      if (fit === null) return null;
      using pca = await pcaModel(fit, source, threadCount(config));
      // PCA gets what it is to reconstruct.
      const plain = { ...config, data: { ...data, input_transforms: [] } };
      return { values: await embedded(pca, chosen, plain), width: fit.count };
    },
    components: (values, width, count) => tableComponents(values, width, count, threadCount(config)),
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
  };
}
