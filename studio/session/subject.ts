/** A network that is asked: with its rows, its stages and the links between them. */
import type { Model } from "../../ffi/model.ts";
import type { InnerInfo } from "../../ffi/model_types.ts";
import type { Config } from "../../core/config/types.ts";
import type { Source } from "../../core/data/source.ts";
import type { DataAbout } from "../../core/diagnostics/diagnostic.ts";
import { type LinkAbout, linksOf, type StageLayer, stagesOf } from "../../core/diagnostics/stages.ts";
import { type Questions, questionsOf } from "../../core/train/questions.ts";
import { type StageOf, withNeurons } from "../questions/neurons.ts";

export interface Subject {
  readonly config: Config;
  readonly model: Model;
  readonly source: Source;
  readonly questions: Questions;
  readonly stages: readonly StageOf[];
  /** Of linear layers; those of networks of neurons as well has `allLinks` (questions/neurons.ts). */
  readonly links: readonly LinkAbout[];
  /** Number of steps after which its weights are what they are. */
  step(): number;
}

const stageLayer = (name: string, { kind, output, inputs, layers, past }: InnerInfo): StageLayer => ({
  ...{ name, kind, shape: output, inputs, past },
  inner: layers.map((layer, i) => stageLayer(`${name}.layers.${i}`, layer)),
});

/** @param about of the source: labels and names, which are read once */
export function subjectOf(
  config: Config,
  model: Model,
  source: Source,
  about: DataAbout,
  step: () => number,
): Subject {
  const questions = questionsOf(config, model, source, about);
  const layers = model.layers().map((layer) => stageLayer(`${layer.part}.${layer.index}`, layer));
  const stages = withNeurons(stagesOf({ ...questions, layers }), model);
  return { config, model, source, questions, stages, links: linksOf(questions, stages), step };
}
