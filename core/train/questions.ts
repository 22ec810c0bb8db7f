/** What is asked of a network with its data: by diagnostics, and by who looks at it while it is trained or afterwards. */
import { EngineError } from "../../ffi/error.ts";
import type { Model } from "../../ffi/model.ts";
import type { Config } from "../config/types.ts";
import { kindNamed, LAYERS } from "../config/vocabulary.ts";
import { columnNamesOf, labelsOf } from "../data/annotations.ts";
import { chooseRow, chooseRows, chosenOf, feedRows, inputOf, type RowChoice, rowValues } from "../data/row_choice.ts";
import { holds } from "../data/sorted.ts";
import { PARTS, type Source } from "../data/source.ts";
import {
  type Chosen,
  type DataAbout,
  type DataKind,
  type DiagnosticContext,
  NoAnswer,
  type ParameterAbout,
} from "../diagnostics/diagnostic.ts";
import { shapeOf } from "./network.ts";

/** Of the questions of {@linkcode DiagnosticContext} those that need nothing but the network and its rows. */
export type Questions = Omit<
  DiagnosticContext,
  | "epoch"
  | "part"
  | "sums"
  | "maxRows"
  | "maxColumns"
  | "settings"
  | "scores"
  | "components"
  | "updateRatio"
  | "stopIfAsked"
>;

/** Two axes are channels and samples of a signal where there are few and long channels, else an image of one channel. */
function kindOf(shape: readonly number[] | null, dense: boolean): DataKind {
  if (!dense) return "sparse";
  if (shape === null) return "table";
  const [first, second] = shape;
  return shape.length === 3 || (shape.length === 2 && 8 * first! > second!) ? "images" : "signals";
}

/** What the rows are, with their labels and the names of their columns. @throws {UserError} */
export async function aboutOf(config: Config, source: Source): Promise<DataAbout> {
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

/** @param about what {@linkcode aboutOf} says of the source */
export function questionsOf(
  config: Pick<Config, "data">,
  model: Model,
  source: Source,
  about: DataAbout,
): Questions {
  const { data } = config;
  const layers = model.layers();
  return {
    data: about,
    latentSize: model.latentSize,
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
        return PARTS.find((part) => holds(file.parts[part], row - file.firstRow))!;
      }),
    embed: (chosen) => embedded(model, chosen, config),
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

/** Parameters, gradients or the state of the optimizer, to be read in rows. */
export function tensorsOf(model: Model, role: "parameter" | "gradient" | "optimizer"): ParameterAbout[] {
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

/** Latent vectors of the chosen rows: rows x latent size. */
export const embedded = (model: Model, chosen: Chosen, config: Pick<Config, "data">) =>
  collected(chosen, config, model.latentSize, (batches, rows) => model.embed(batches, rows));
