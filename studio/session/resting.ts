/** The network of a run in which nothing trains, as its folder has it. */
import { basename } from "@std/path";
import { stepOfName } from "../../core/checkpoint/layout.ts";
import { stepsOf, trainingPlan } from "../../core/data/plan.ts";
import type { DataAbout } from "../../core/diagnostics/diagnostic.ts";
import { noiseOf } from "../../core/steer/command.ts";
import type { Edit } from "../../core/steer/journal.ts";
import { noiseAmounts, noiseLayers } from "../../core/steer/noise.ts";
import { aboutOf } from "../../core/train/questions.ts";
import { type Restored, restoreRun } from "../../core/train/restore.ts";
import type { State } from "../protocol.ts";
import type { Ended } from "./ended.ts";
import { type Subject, subjectOf } from "./subject.ts";

/** The part of the state that a network and its steps say. */
export type Situation = Omit<State, "phase" | "reason" | "edits" | "seconds" | "step_rate">;

interface Opened {
  readonly restored: Restored;
  readonly subject: Subject;
}

export class Resting implements AsyncDisposable {
  #opened: Opened | null = null;
  /** Questions, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param which of the run's checkpoints has the network
   * @param about of the run's rows, where it is known
   */
  constructor(readonly run: string, readonly which: "default" | "latest", readonly about: DataAbout | null) {}

  /** The first question opens the network; one after which it could not be opened does not keep others from trying. */
  async #subject(): Promise<Subject> {
    if (this.#opened === null) {
      const restored = await restoreRun(this.run, this.which === "default" ? {} : { checkpoint: this.which });
      try {
        const { config, model, source, checkpoint } = restored, step = stepOfName(basename(checkpoint)) ?? 0;
        const about = this.about ?? await aboutOf(config, source);
        this.#opened = { restored, subject: subjectOf(config, model, source, about, () => step) };
      } catch (error) {
        restored[Symbol.dispose]();
        throw error;
      }
    }
    return this.#opened.subject;
  }

  /** @throws {UserError} where there is no network to ask */
  async ask<T>(question: (subject: Subject) => Promise<T>): Promise<T> {
    const asked = this.#turn.then(async () => await question(await this.#subject()));
    this.#turn = asked.catch(() => {}); // who asked is told
    return await asked;
  }

  /** Where the run has come to, by its config and its edits. */
  situation(edits: readonly Edit[], over: Ended | null): Promise<Situation> {
    return this.ask(({ config, model, source }) => {
      const steps_per_epoch = Math.max(1, stepsOf(trainingPlan(source, config.data, 1)));
      let learning_rate = config.optimizer.learning_rate, batch_size = config.data.batch_size;
      const frozen = new Set<string>(), noise: Record<string, number> = {};
      for (const { command } of edits) {
        if (command.do === "set" && command.key === "optimizer.learning_rate") learning_rate = command.value;
        else if (command.do === "set" && command.key === "data.batch_size") batch_size = command.value;
        else if (command.do === "set") {
          const { layer } = noiseOf(command.key) ?? {};
          if (layer !== undefined) noise[layer] = command.value;
        } else if (command.do === "freeze") frozen[command.frozen ? "add" : "delete"](command.layer);
      }
      const { steps: step = 0, epochs: epoch = 0 } = over ?? {};
      const settings = { learning_rate, batch_size, next_batch_size: null, frozen: [...frozen] };
      return Promise.resolve({
        step,
        epoch,
        steps_per_epoch,
        ...settings,
        noise: noiseAmounts(noiseLayers(model), noise),
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    this.#opened?.restored[Symbol.dispose]();
  }
}
