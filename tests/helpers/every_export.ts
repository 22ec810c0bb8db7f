/** Small trained networks that together have every layer and every loss, for tests of what is exported. */
import { join } from "@std/path";
import { train } from "../../core/train/train.ts";
import type { MemoryData } from "../../core/data/memory.ts";
import { fromLayer, type RawLayer, toLayer } from "../../core/config/layers.ts";
import { LAYERS, LOSSES } from "../../core/config/vocabulary.ts";
import { COLUMNS, layerExample, lossExample, lossShape, SHAPES, variations } from "./every_type.ts";
import { random } from "./npz.ts";

export const ROWS = 40;

/** A network: its config's sections, and the rows that it is trained on. */
export interface ExportCase {
  readonly name: string;
  readonly config: Record<string, unknown>;
  readonly values: Float32Array<ArrayBuffer>;
}

/** Rows of real numbers, or of small counts, of which some rows are all zeros. */
export function rowsOf(counts: boolean): Float32Array<ArrayBuffer> {
  const next = random(5);
  return Float32Array.from({ length: ROWS * COLUMNS }, (_, at) => {
    if (!counts) return 4 * next() - 2;
    return at < COLUMNS ? 0 : Math.floor(6 * next() ** 3);
  });
}

const DECODER: readonly RawLayer[] = [{ linear: 12 }, "tanh", { linear: "output" }];
const ENCODER: readonly RawLayer[] = [{ linear: 12 }, "tanh", { linear: 6 }];
const CONFIG = { name: "exported", seed: 3, training: { max_steps: 4, epochs: 4 }, evaluation: { pca: false } };

function layerCases(): ExportCase[] {
  return LAYERS.flatMap((kind) => {
    const { form, raw } = layerExample(kind);
    const { [form]: shape } = SHAPES;
    return variations(kind, toLayer(raw)).map((layer, at) => ({
      name: `layer ${kind.name} ${at}`,
      config: {
        ...CONFIG,
        data: { batch_size: 16, shape },
        model: { start: "random", encoder: [fromLayer(layer), ...ENCODER], decoder: DECODER },
      },
      values: rowsOf(false),
    }));
  });
}

function lossCases(): ExportCase[] {
  return LOSSES.flatMap((kind) =>
    variations(kind, lossExample(kind)).map((loss, at) => ({
      name: `loss ${kind.name} ${at}`,
      config: {
        ...CONFIG,
        data: {
          batch_size: 16,
          shape: lossShape(kind),
          transforms: kind.name === "binary_cross_entropy" ? ["binarize"] : [],
          input_transforms: [...kind.likelihood ? [{ library_size: 20 }, "log1p"] : [], { scale: 0.5 }, {
            clip: [-1, 1.2],
          }],
        },
        model: { start: "random", encoder: ENCODER, decoder: DECODER },
        loss,
      },
      values: rowsOf(kind.likelihood),
    }))
  );
}

/** Networks in which layers meet: shapes at the ends, tied weights, windows that are padded on one side, the start at PCA. */
const NETWORKS: Readonly<Record<string, Record<string, unknown>>> = {
  "start pca": { model: { start: "pca", encoder: ENCODER, decoder: DECODER } },
  "tied pca": { model: { start: "pca", encoder: [{ linear: 4 }], decoder: [{ linear: "output", tied: true }] } },
  "preset pca": { model: { preset: "pca", latent: 4 } },
  tied: {
    model: {
      start: "random",
      encoder: ENCODER,
      decoder: [{ linear: 12, tied: true }, "relu", { linear: "output", tied: true, bias: false }],
    },
  },
  "image code": {
    data: { batch_size: 16, shape: [2, 3, 4], transforms: [{ scale: 0.1 }] },
    model: {
      start: "random",
      encoder: [{ conv2d: 4, kernel: [2, 3], padding: "same" }, "relu", { top_k: 7 }, {
        conv2d: 3,
        kernel: 2,
        stride: 2,
        padding: "same",
      }],
      decoder: [{ conv_transpose2d: 4, kernel: [3, 4], stride: 2, padding: [1, 1], output_padding: [1, 0] }, "silu", {
        linear: [2, 3, 4],
      }],
    },
  },
  "rows without channels": {
    data: { batch_size: 16, shape: [4, 6] },
    model: {
      start: "random",
      encoder: [{ conv2d: 2, kernel: 3 }, { linear: [5] }, { conv1d: 2, kernel: 2, dilation: 2, groups: 1 }, {
        group_norm: 2,
        affine: false,
      }],
      decoder: [{ linear: [2, 12] }, { upsample1d: 1, mode: "linear" }, { contractive: [{ linear: "output" }] }],
    },
  },
  "a sparse code and its dictionary": {
    model: { encoder: [{ sparse_code: 40, k: 5 }], decoder: [{ dictionary: "output" }] },
  },
  "layers within layers": {
    data: { batch_size: 16, shape: [4, 6] },
    model: {
      start: "random",
      encoder: [
        {
          residual: [{ dense_skip: [{ conv1d: 2, kernel: 3, padding: 1 }] }, { conv1d: 4, kernel: 1 }, {
            self_attention: 2,
          }],
        },
        "softmax",
        { variational: 5 },
      ],
      decoder: [{ residual: [{ shortcut: ["tanh", { linear: 2 }], size: 2 }, { linear: 5 }] }, { linear: "output" }],
    },
  },
};

export function exportCases(): ExportCase[] {
  const networks = Object.entries(NETWORKS).map(([name, sections]) => ({
    name,
    config: { ...CONFIG, data: { batch_size: 16 }, ...sections },
    values: rowsOf(false),
  }));
  return [...layerCases(), ...lossCases(), ...networks];
}

/** Whether rows of the case have categories. */
const isCategorised = ({ config }: ExportCase) => JSON.stringify(config).includes("covariate");

/** The category of a row by its number. */
export const categoryOf = (row: number): string => `donor ${row * 7 % 3}`;

export function dataOf(one: ExportCase): MemoryData {
  const batch = Array.from({ length: ROWS }, (_, row) => categoryOf(row));
  return {
    rows: { values: one.values, columns: COLUMNS },
    ...isCategorised(one) ? { batch } : {},
  };
}

/** Trains a case for a few steps. @returns the run folder */
export async function trainCase(one: ExportCase, folder: string): Promise<string> {
  const run = join(folder, "run");
  await train({ config: one.config, data: dataOf(one), runDir: run });
  return run;
}
