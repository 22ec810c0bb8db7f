/** Progress of a training run: a live line on a terminal, otherwise one line per epoch, and nothing with `quiet`. */
import { countText, pluralText } from "../core/figures.ts";
import type { Model } from "../ffi/model.ts";
import type { SplitMetrics } from "../core/runs/types.ts";
import type { EvaluationProgress } from "../core/evaluation/evaluate.ts";
import type { PreparingProgress } from "../core/data/prepare.ts";
import type { TrainObserver } from "../core/train/trainer.ts";
import { print, tell, tellPart } from "../core/output.ts";

/** 75 -> "1:15", 3700 -> "1:01:40". */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  const pad = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

/**
 * Four significant digits, with trailing zeros, so that columns are aligned; with an exponent for very small and large
 * values.
 */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (!(size >= 1e-3 && size < 1e5)) return value.toExponential(3);
  return size < 1000 ? value.toPrecision(4) : String(Number(value.toPrecision(4)));
}

/**
 * Of how many rows figures are: "2,430 rows", "20,000 of 1,000,000 rows, sampled", "37 rows, 27 trained on before the fork".
 */
export function rowsText(
  { rows, sampled_from, trained_before }: Pick<SplitMetrics, "rows" | "sampled_from" | "trained_before">,
): string {
  const text = sampled_from == null
    ? pluralText(rows, "row")
    : `${countText(rows)} of ${countText(sampled_from)} rows, sampled`;
  return trained_before ? `${text}, ${countText(trained_before)} trained on before the fork` : text;
}

export function bar(share: number, width = 24): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

/** 0 where it is not known: not a terminal, or one without a size, as in a container. */
function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 0;
  }
}

/** Cuts a line to the terminal, so that it never wraps. */
export function fitted(line: string, columns = terminalColumns()): string {
  return line.slice(0, (columns > 1 ? columns : 100) - 1);
}

/** Time after which an evaluation is shown, and the time between lines of slow work where there is no live line. */
const EVALUATION_QUIET_MS = 500, SLOW_LINE_MS = 20_000;

export interface Progress extends Disposable {
  readonly observer: TrainObserver;
  /** @param model null: there is none any more */
  attach(model: Model | null): void;
  /** Prints what happens; prints nothing with `quiet`. */
  note(text: string): void;
  /** Prints, in every mode, what went wrong without ending the run. */
  warn(text: string): void;
}

export type ProgressMode = "live" | "lines" | "quiet" | "json";

/** @param replica the number of the run among several that are trained at the same time, which its lines begin with */
export function showProgress(mode: ProgressMode, replica?: number): Progress {
  let model: Model | null = null;
  let position = { epoch: 0, epochs: 0, step: 0, steps: 0 };
  let begun: { at: number; step: number } | null = null;
  let evaluation: (EvaluationProgress & { readonly since: number; told: number }) | null = null;
  let preparing: (PreparingProgress & { readonly since: number; told: number }) | null = null;
  let shown = false;
  const clear = () => {
    if (shown) tellPart("\r\x1b[2K");
    shown = false;
  };
  const evaluated = () => {
    const { part, done, next, rows, since } = evaluation!;
    const { batches, batchesDone } = model!.progress();
    const share = (done + (batches > 0 ? next * batchesDone / batches : 0)) / Math.max(1, rows);
    const left = share > 0 ? clock((performance.now() - since) / 1000 * (1 - share) / share) : "?";
    return `evaluating ${part}  ${Math.floor(share * 100)} % of ${countText(rows)} rows  ${left} left`;
  };
  const prepared = () => {
    const { name, done, rows, since } = preparing!;
    const share = done / Math.max(1, rows);
    const left = share > 0 ? clock((performance.now() - since) / 1000 * (1 - share) / share) : "?";
    return `preparing ${name}  ${Math.floor(100 * share)} % of ${countText(rows)} rows  ${left} left`;
  };
  const draw = () => {
    if (preparing) {
      const text = prepared();
      clear();
      tellPart(fitted(text));
      shown = true;
      return;
    }
    if (!model) return;
    if (evaluation) {
      if (performance.now() - evaluation.since < EVALUATION_QUIET_MS) return; // it is over before it can be read
      const text = evaluated();
      clear();
      tellPart(fitted(text));
      shown = true;
      return;
    }
    const { step, loss, rowsPerSecond } = model.progress();
    begun ??= { at: performance.now(), step };
    const rate = (step - begun.step) / (performance.now() - begun.at) * 1000;
    const left = rate > 0 ? clock((position.steps - step) / rate) : "?";
    const trained = step > 0 ? `  loss ${short(loss)}` : ""; // there is none before the first step
    const speed = rowsPerSecond > 0 ? `${countText(rowsPerSecond)} rows/s  ` : ""; // 0 while it validates or saves
    const share = position.steps > 0 ? step / position.steps : 0;
    clear();
    tellPart(fitted(
      `${bar(share)} ${Math.floor(share * 100)} %  epoch ${position.epoch}/${position.epochs}  step ${
        countText(step)
      }/${countText(position.steps)}` +
        `${trained}  ${speed}${left} left`,
    ));
    shown = true;
  };
  const tellSlow = () => {
    if (preparing && performance.now() - preparing.told >= SLOW_LINE_MS) {
      preparing.told = performance.now();
      line(prepared());
    }
    if (!evaluation || !model || performance.now() - evaluation.told < SLOW_LINE_MS) return;
    evaluation.told = performance.now();
    line(evaluated());
  };
  const timer = mode === "live" ? setInterval(draw, 200) : mode === "lines" ? setInterval(tellSlow, 1000) : null;
  if (timer !== null) Deno.unrefTimer(timer as unknown as number);
  const line = (text: string) => {
    clear();
    tell(replica === undefined ? text : `replica ${replica}  ${text}`);
  };
  const of = replica === undefined ? {} : { replica };
  const json = (event: string, value: object) => print(JSON.stringify({ event, ...of, ...value }));
  const plain = mode === "live" || mode === "lines";
  return {
    attach: (next) => {
      model = next;
      begun = null;
      if (model === null) {
        evaluation = null;
        clear();
      }
    },
    note: (text) => {
      if (plain) line(text);
      else if (mode === "json") json("note", { text });
    },
    warn: (text) => {
      if (mode === "json") json("note", { text });
      else line(text);
    },
    observer: {
      starting: ({ epochs }) => {
        position = { ...position, epochs };
      },
      preparing: (info) => {
        const now = performance.now();
        const isNew = preparing?.name !== info.name;
        preparing = info.done >= info.rows
          ? null
          : { ...info, since: isNew ? now : preparing!.since, told: isNew ? now : preparing!.told };
        if (preparing === null) clear();
      },
      windowStarted: (info) => {
        position = info;
        evaluation = null;
      },
      evaluating: (info) => {
        const now = performance.now();
        if (evaluation && evaluation.part === info.part && info.done > 0) evaluation = { ...evaluation, ...info };
        else evaluation = { ...info, since: now, told: now };
      },
      chunkDone: (row) => {
        if (mode === "json") json("chunk", row);
      },
      epochDone: (row, best) => {
        evaluation = null;
        if (mode === "json") return json("epoch", { ...row, best });
        if (!plain) return;
        const validation = row.validation_loss === null ? "" : `  validation ${short(row.validation_loss)}`;
        const epochs = String(position.epochs);
        const speed = row.steps > 0 ? `${countText(row.samples_per_second)} rows/s  ` : "";
        line(
          `epoch ${String(row.epoch).padStart(epochs.length)}/${epochs}  loss ${short(row.train_loss)}${validation}${
            best ? " *" : "  "
          }  ${speed}${clock(row.elapsed_s)}`,
        );
      },
      saved: (info) => {
        if (mode === "json") json("checkpoint", info);
      },
    },
    [Symbol.dispose]: () => {
      if (timer !== null) clearInterval(timer);
      clear();
    },
  };
}
