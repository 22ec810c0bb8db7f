/** Progress of a sweep: a live table on a terminal, otherwise one line when a run starts and one when it ends. */
import type { CourseObserver } from "../core/sweep/course.ts";
import type { EpochEvent, Outcome, Stint, SweepObserver } from "../core/sweep/execute.ts";
import type { Plan, PlannedRun } from "../core/sweep/plan.ts";
import { valueOf } from "../core/sweep/results.ts";
import { print, tell, tellPart } from "../core/output.ts";
import { bar, clock, fitted, short } from "./progress.ts";

/** Time between two drawings of the live table. */
const DRAW_MS = 250;

export interface SweepProgress extends Disposable {
  readonly observer: SweepObserver;
  readonly course: CourseObserver;
  note(text: string): void;
}

interface Live {
  readonly begun: number;
  readonly text: string;
  epoch: EpochEvent | null;
}

export function showSweep(mode: "live" | "lines" | "quiet" | "json", plan: Plan): SweepProgress {
  const { keys, metric } = plan;
  const begun = performance.now();
  const live = new Map<PlannedRun, Live>();
  let drawn = 0, done = 0, failed = 0, before = 0;

  /** `learning_rate 0.01, seed 2` */
  const about = ({ values, seed }: PlannedRun) =>
    [
      ...keys.flatMap((key, i) =>
        key === "seed" || values[i] == null ? [] : [`${key.slice(key.lastIndexOf(".") + 1)} ${values[i]}`]
      ),
      `seed ${seed}`,
    ].join(", ");
  const epochs = (run: PlannedRun) => run.loaded.config.training.epochs;
  const epochText = ({ epoch, validation_loss, train_loss }: EpochEvent, run: PlannedRun) =>
    `epoch ${epoch}/${epochs(run)}  loss ${short(validation_loss ?? train_loss)}`;

  const clear = () => {
    if (drawn > 0) tellPart(`\x1b[${drawn}A\r\x1b[J`);
    drawn = 0;
  };
  const draw = () => {
    const seconds = (performance.now() - begun) / 1000;
    const fresh = done - before;
    const left = fresh > 0 ? clock(seconds / fresh * Math.max(0, plan.stints - done)) : "?";
    const lines = [...live].map(([run, { text, epoch, begun }]) => {
      const what = epoch === null ? text : epochText(epoch, run);
      return `  ${run.name}  ${about(run)}  ${what}  ${clock((performance.now() - begun) / 1000)}`;
    });
    const failures = failed > 0 ? `  ${failed} failed` : "";
    lines.push(`${bar(Math.min(1, done / plan.stints))} ${done}/${plan.stints} runs${failures}  ${left} left`);
    clear();
    tellPart(lines.map((line) => fitted(line) + "\n").join(""));
    drawn = lines.length;
  };
  const line = (text: string) => {
    clear();
    tell(text);
    if (mode === "live") draw();
  };
  const json = (event: string, run: PlannedRun, value: object) =>
    print(JSON.stringify({ event, run: run.name, point: run.point, seed: run.seed, ...value }));
  const plain = mode === "live" || mode === "lines";
  const timer = mode === "live" ? setInterval(draw, DRAW_MS) : null;

  const endText = (run: PlannedRun, outcome: Outcome, seconds: number) => {
    const value = valueOf(outcome, metric);
    const result = value !== null
      ? `  ${metric} ${short(value)}`
      : outcome.kind === "paused"
      ? `  epoch ${outcome.epoch}, loss ${short(outcome.loss)}`
      : "";
    return `${outcome.kind.padEnd(8)} ${run.name}  ${about(run)}${result}  ${clock(seconds)}  ${done}/${plan.stints}`;
  };
  const ended = ({ run }: Stint, outcome: Outcome) => {
    const started = live.get(run)?.begun ?? performance.now();
    live.delete(run);
    if (outcome.kind !== "stopped") done++;
    if (outcome.kind === "failed") failed++;
    if (mode === "json") {
      const error = outcome.kind === "failed" ? { error: outcome.error } : {};
      const skipped = outcome.kind === "finished" || outcome.kind === "paused" ? { before: outcome.before } : {};
      const pause = outcome.kind === "paused" ? { epoch: outcome.epoch, loss: outcome.loss } : {};
      json("run_ended", run, {
        status: outcome.kind,
        [metric]: valueOf(outcome, metric),
        ...pause,
        ...skipped,
        ...error,
      });
    }
    if (outcome.kind === "failed" && mode !== "json") line(`narrows: ${run.name} (${about(run)}): ${outcome.error}`);
    if ((outcome.kind === "finished" || outcome.kind === "paused") && outcome.before) before++;
    else if (plain && (outcome.kind !== "stopped" || started < performance.now() - 1)) {
      line(endText(run, outcome, (performance.now() - started) / 1000));
    }
  };
  const told = (text: string) => {
    if (plain) line(text);
    else if (mode === "json") print(JSON.stringify({ event: "note", text }));
  };
  const course: CourseObserver = {
    round: ({ number, points }) => told(`round ${number} of ${plan.rounds.length}: ${points} points`),
    compared: ({ round, compared }) => {
      const kept = compared.filter(({ keeps }) => keeps).map(({ point }) => point);
      const failed = compared.filter(({ losses }) => losses.includes(null)).length;
      if (mode === "json") return print(JSON.stringify({ event: "round_ended", round: round.number, kept }));
      told(`round ${round.number}: points ${kept.join(", ")} go on${failed > 0 ? `; ${failed} have failed` : ""}`);
    },
    reporting: (points) => {
      const seeds = plan.reportSeeds;
      told(`points ${points.join(", ")} are trained with seed${seeds.length > 1 ? "s" : ""} ${seeds.join(", ")}`);
    },
  };
  return {
    note: told,
    course,
    observer: {
      started: ({ run }, resumed) => {
        const text = resumed ? "resumed" : "started";
        live.set(run, { begun: performance.now(), text, epoch: null });
        if (mode === "lines") line(`${text.padEnd(8)} ${run.name}  ${about(run)}`);
        if (mode === "json") json("run_started", run, { resumed });
      },
      waiting: ({ run }, why) => {
        live.set(run, { begun: performance.now(), text: why, epoch: null });
        if (mode === "lines") line(`waiting  ${run.name}  ${about(run)}: ${why}`);
        if (mode === "json") json("run_waiting", run, { why });
      },
      note: (text) => told(text),
      epoch: ({ run }, event) => {
        const shown = live.get(run);
        if (shown) shown.epoch = event;
      },
      ended,
    },
    [Symbol.dispose]: () => {
      if (timer !== null) clearInterval(timer);
      clear();
    },
  };
}
