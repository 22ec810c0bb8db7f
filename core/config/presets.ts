/**
 * Presets: networks under a name, `model: {preset: scvi, latent: 20}`. A preset is written out as layers, and with them the
 * loss and the input transforms that belong to it, before anything is checked, as if the config's file began with them. So
 * what the file itself says wins, and the rest of the program knows layers only.
 */
import { problem } from "./error.ts";
import type { RawLayer } from "./layers.ts";
import { nearest } from "./nearest.ts";
import { show } from "./show.ts";
import { entryAt, type MapNode, merge, type Node, type Origin, toValue, whereOf } from "./tree.ts";

/** The settings that presets have, each in its own meaning. */
export const PRESET_SETTINGS = ["latent", "width", "depth", "active"] as const;
export type PresetSetting = typeof PRESET_SETTINGS[number];
type Settings = Readonly<Record<PresetSetting, number>>;

/** The parts of a config that a preset writes. */
interface Expansion {
  readonly model: {
    readonly encoder: readonly RawLayer[];
    readonly decoder: readonly RawLayer[];
    readonly start?: "pca";
  };
  readonly training?: Readonly<Record<string, unknown>>;
  readonly loss?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Preset {
  readonly about: string;
  /** The settings that it has, with their defaults. */
  readonly settings: Partial<Settings>;
  /** The numbers of axes that `data.shape` may have; 0: none is set. */
  readonly axes: readonly number[];
  /** The shapes in words. */
  readonly shapes: string;
  /** @param batch whether the rows have categories: `data.batch` */
  make(settings: Settings, shape: readonly number[], batch: boolean): Expansion;
}

const FLAT = { axes: [0, 1], shapes: "rows without a shape but their length" };
const repeated = <T>(count: number, layers: (index: number) => readonly T[]) =>
  Array.from({ length: count }, (_, index) => layers(index)).flat();
const hidden = (width: number, depth: number, ...joined: readonly RawLayer[]) =>
  repeated<RawLayer>(depth, () => [{ linear: width }, ...joined, "batch_norm", "relu"]);

/**
 * Lopez et al. 2018: zero-inflated negative binomial, a gene's share by softmax, times the cell's counts. Categories are joined
 * to the input of each hidden layer of the decoder.
 */
const scvi: Preset = {
  about: "a variational autoencoder of counts with scVI's likelihood",
  settings: { latent: 10, width: 128, depth: 1 },
  ...FLAT,
  make: ({ latent, width, depth }, _shape, batch) => ({
    model: {
      encoder: [
        ...repeated<RawLayer>(depth, () => [{ linear: width }, "batch_norm", "relu", { dropout: 0.1 }]),
        { variational: latent, warm_up: { epochs: 10 } },
      ],
      decoder: [...hidden(width, depth, ...batch ? ["covariate"] : []), { linear: "output" }],
    },
    loss: {
      kind: "zero_inflated_negative_binomial",
      link: "softmax",
      size: "library",
      size_scale: 1,
      reduction: "row_mean",
    },
    data: { input_transforms: ["log1p"] },
  }),
};

/** Eraslan et al. 2019: mean, dispersion and inflation are outputs, and the mean is multiplied by a size factor. */
const dca: Preset = {
  about: "an autoencoder of counts with DCA's likelihood",
  settings: { latent: 32, width: 64, depth: 1 },
  ...FLAT,
  make: ({ latent, width, depth }) => ({
    model: {
      encoder: [...hidden(width, depth), { linear: latent }],
      decoder: ["batch_norm", "relu", ...hidden(width, depth), { linear: "output" }],
    },
    loss: {
      kind: "zero_inflated_negative_binomial",
      dispersion: "output",
      clamp: "dca",
      size: "library",
      size_scale: 10_000,
    },
    data: { input_transforms: [{ library_size: 10_000 }, "log1p"] },
  }),
};

/** A code of many units, few of which are not 0, and a direction for each of them (Gao et al. 2024). */
const sparseAutoencoder: Preset = {
  about:
    "a wide code of few values that are not 0, and a dictionary with a direction of length 1 for each of its units",
  settings: { latent: 1024, active: 32 },
  axes: [0, 1, 2, 3],
  shapes: "any rows",
  make: ({ latent, active }, shape) => ({
    model: {
      encoder: [...shape.length > 1 ? ["flatten"] : [], { sparse_code: latent, k: active }],
      decoder: [{ dictionary: "output" }],
    },
  }),
};

/**
 * Convolutions with stride 2 and then their transposes, in place of which the sizes are halved and doubled: an axis of odd
 * size is rounded up, and its transpose gives it back by `output_padding`.
 */
function convolutions(axes: 1 | 2, kernel: number, { latent, width, depth }: Settings, shape: readonly number[]) {
  const [channels, ...sizes] = shape as [number, ...number[]];
  const padding = (kernel - 1) / 2;
  const at = (level: number) => sizes.map((size) => Math.ceil(size / 2 ** level));
  const wide = (level: number) => level === 0 ? channels : width * 2 ** (level - 1);
  const extra = (level: number) => at(level).map((size) => size % 2 === 0 ? 1 : 0);
  const up = (level: number): RawLayer => {
    const output_padding = extra(level).every((each) => each === extra(level)[0]) ? extra(level)[0] : extra(level);
    const more = output_padding === 0 ? {} : { output_padding };
    return { [`conv_transpose${axes}d`]: wide(level), kernel, stride: 2, padding, ...more };
  };
  const last = [wide(depth), ...at(depth)];
  return {
    encoder: [
      ...repeated<RawLayer>(
        depth,
        (level) => [{ [`conv${axes}d`]: wide(level + 1), kernel, stride: 2, padding }, "relu"],
      ),
      { linear: latent },
    ],
    decoder: [
      { linear: last.reduce((product, size) => product * size, 1) },
      "relu",
      { unflatten: last },
      ...repeated<RawLayer>(depth, (index) => index === 0 ? [up(depth - 1)] : ["relu", up(depth - 1 - index)]),
    ],
  };
}

/** Kernels of 31 taps, about two periods of a pulse that is sampled some 15 times a period. */
const cnnAutoencoder: Preset = {
  about: "convolutions over signals such as ultrasound lines, with kernels of 31 taps",
  settings: { latent: 32, width: 16, depth: 2 },
  axes: [1, 2],
  shapes: "signals: data.shape [length] or [channels, length]",
  make: (settings, shape) => ({ model: convolutions(1, 31, settings, shape.length === 1 ? [1, ...shape] : shape) }),
};

const imageAutoencoder: Preset = {
  about: "convolutions over images, with kernels of 3 x 3",
  settings: { latent: 32, width: 16, depth: 2 },
  axes: [2, 3],
  shapes: "images: data.shape [height, width] or [channels, height, width]",
  make: (settings, shape) => ({ model: convolutions(2, 3, settings, shape.length === 2 ? [1, ...shape] : shape) }),
};

/** Begins as PCA and makes no step. */
const pca: Preset = {
  about: "principal component analysis: a linear layer each, and no step of training",
  settings: { latent: 32 },
  ...FLAT,
  make: ({ latent }) => ({
    model: { encoder: [{ linear: latent }], decoder: [{ linear: "output", solver: "dense" }], start: "pca" },
    training: { max_steps: 0 },
  }),
};

export const PRESETS: Readonly<Record<string, Preset>> = {
  pca,
  scvi,
  dca,
  cnn_autoencoder: cnnAutoencoder,
  image_autoencoder: imageAutoencoder,
  sparse_autoencoder: sparseAutoencoder,
};

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;

/** Plain data as if all of it had been written at one place. */
function written(value: unknown, origin: Origin): Node {
  if (Array.isArray(value)) return { kind: "list", origin, items: value.map((item) => written(item, origin)) };
  if (typeof value !== "object" || value === null) return { kind: "scalar", origin, value: value as string };
  const entries = Object.entries(value).map(([key, below]) =>
    [key, { key: origin, node: written(below, origin) }] as const
  );
  return { kind: "map", origin, entries: new Map(entries) };
}

/** The size of the smallest axis over which a preset's convolutions go; Infinity without such an axis. */
function smallest({ axes }: Preset, shape: readonly number[]): number {
  return axes.includes(0) ? Infinity : Math.min(...shape.slice(-axes[0]!));
}

/**
 * The tree with the layers of its preset, if it has one. What has the wrong type is left to the schema.
 * @throws {ConfigError} if the preset does not fit the config
 */
export function expandPreset(tree: MapNode): MapNode {
  const entry = entryAt(tree, ["model", "preset"]);
  if (entry?.node.kind !== "scalar" || typeof entry.node.value !== "string") return tree;
  const name = entry.node.value, { origin } = entry.node;
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name]! : undefined;
  if (preset === undefined) {
    const meant = nearest(name, Object.keys(PRESETS));
    const rule = meant === undefined ? `must be one of ${Object.keys(PRESETS).join(", ")}` : `did you mean ${meant}?`;
    throw problem(whereOf(origin), `model.preset: unknown preset ${show(name)}; ${rule}`);
  }
  for (const part of ["encoder", "decoder"]) {
    const own = entryAt(tree, ["model", part]);
    if (own === undefined) continue;
    const hint = "remove one of them; narrows config check prints a preset's layers, which may be changed in its place";
    throw problem(
      whereOf(own.key),
      `model.${part} cannot stand beside model.preset ${name}, which gives the layers`,
      hint,
    );
  }
  const settings: Partial<Record<PresetSetting, number>> = { ...preset.settings };
  for (const key of PRESET_SETTINGS) {
    const own = entryAt(tree, ["model", key]);
    const value = own && toValue(own.node);
    if (own === undefined || value === null) continue;
    if (preset.settings[key] === undefined) {
      const names = Object.keys(PRESETS).filter((each) => PRESETS[each]!.settings[key] !== undefined).join(", ");
      throw problem(whereOf(own.node.origin), `model.${key} is for ${names}, got model.preset ${name}`, "remove it");
    }
    if (isCount(value)) settings[key] = value;
  }
  const shapeEntry = entryAt(tree, ["data", "shape"]);
  const given = shapeEntry && toValue(shapeEntry.node);
  const shape = Array.isArray(given) && given.every(isCount) ? given as number[] : [];
  if (!preset.axes.includes(shape.length)) {
    const got = shape.length === 0 ? "no data.shape" : `data.shape [${shape.join(", ")}]`;
    throw problem(whereOf(origin), `model.preset ${name} is for ${preset.shapes}; got ${got}`);
  }
  const { latent, active, depth = 0 } = settings;
  if (smallest(preset, shape) < 2 ** depth) {
    const what = `model.depth ${depth} halves an axis of ${smallest(preset, shape)} places ${depth} times`;
    throw problem(whereOf(entryAt(tree, ["model", "depth"])?.node.origin ?? origin), what, "lower it");
  }
  if (active !== undefined && active > latent!) {
    const what = `model.active ${active} is more than the latent vector has, model.latent ${latent}`;
    throw problem(whereOf(entryAt(tree, ["model", "active"])?.node.origin ?? origin), what, "lower it");
  }
  const batch = entryAt(tree, ["data", "batch"]);
  const isBatch = batch !== undefined && toValue(batch.node) !== null;
  const { loss, ...rest } = preset.make(settings as Settings, shape, isBatch);
  const kind = entryAt(tree, ["loss", "kind"]);
  const keepsLoss = loss !== undefined && (kind === undefined || toValue(kind.node) === loss.kind);
  return merge(written({ ...rest, ...keepsLoss ? { loss } : {} }, origin), tree) as MapNode;
}
