/**
 * What the studio's page and its server say to each other over one WebSocket; the only file that both import.
 *
 * The page asks: `{ id, ask: NAME, ...parameters }`, as JSON text. The server answers with the same `id`, in any order, and tells
 * what happens without being asked. Besides questions the page says {@linkcode Taken}. What the server sends is one {@linkcode Message}: JSON text where it holds no arrays of numbers,
 * else a binary frame (studio/frame.ts).
 */
import type { Command, NoiseKey } from "../core/steer/command.ts";
import type { Edit } from "../core/steer/journal.ts";

/** Numbers of a row, a latent vector or a layer, in the order of files: channels first. */
export type Numbers = Float32Array<ArrayBuffer>;

/** A row that the network is asked about: its number among all rows of the data, or one of what was dropped into the page. */
export type RowName = { readonly row: number } | { readonly dropped: number };

/**
 * A grid of units: the input, or what a layer gives. A layer that only bends the values of the one before it is joined to it. Layers
 * within a layer are stages before it.
 */
export interface Stage {
  /** `input`, or the name of the layer as its tensors have it: `encoder.0`, and within a layer `encoder.1.layers.0`. */
  readonly name: string;
  readonly kinds: readonly string[];
  /** [units], [channels, samples] or [channels, height, width]. */
  readonly shape: readonly number[];
  readonly units: number;
  /** Parameters of its layers: names as in model.safetensors, with their shapes. */
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** Whether its weights can be frozen and written: those of a factored output layer are solved for. */
  readonly editable: boolean;
  /** Whether it is the code: the latent vector. */
  readonly latent: boolean;
  /**
   * Where values of other stages meet, as around the layers within a layer: its units from `to` on are the `size` values of a stage
   * from `first` on; a unit that two of them give is their sum. Empty of other stages.
   */
  readonly sources: readonly Source[];
  /** Of neurons of a free graph, which have no places of their own, the number of each one's part; null of other stages. */
  readonly parts: Uint32Array<ArrayBuffer> | null;
}

/** Values of a stage that another one has as they are. */
export interface Source {
  readonly stage: number;
  readonly first: number;
  readonly size: number;
  readonly to: number;
}

/** A unit of a stage, both by their numbers. */
export interface UnitName {
  readonly stage: number;
  readonly unit: number;
}

/** Two stages, or one with itself, that single weights connect. Stages whose weights are shared by many places, as in a convolution, have none. */
export interface Link {
  readonly from: number;
  readonly to: number;
  readonly tensor: string;
  /** Number of weights. */
  readonly total: number;
}

/** What the page knows from the start; told again when it changes, as after `reset`. */
export interface About {
  readonly title: string;
  /** The run folder, its name, and the present state. */
  readonly run: { readonly path: string; readonly name: string };
  readonly state: State;
  readonly data: {
    readonly kind: "images" | "signals" | "sparse" | "table";
    readonly columns: number;
    /** Of a row, channels first; null where it has none but its length. */
    readonly shape: readonly number[] | null;
    readonly rate_hz: number | null;
    readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
    readonly files: number;
    readonly bytes: number;
    /** Names of the columns, where there are some, and not more than 100,000. */
    readonly names: readonly string[] | null;
  };
  readonly network: {
    readonly stages: readonly Stage[];
    readonly links: readonly Link[];
    /** Layers that change rows in training by chance: the key of `set`, and the most that it takes, if there is one. */
    readonly noise: readonly { readonly key: NoiseKey; readonly maximum: number | null }[];
    readonly latent_size: number;
    readonly parameters: number;
    readonly neurons: number;
    readonly connections: number;
  };
  readonly settings: {
    /** The resolved config as YAML. */
    readonly config: string;
  };
  readonly formats: readonly string[];
}

/** `preparing`: the network is being made. `ended`: nothing trains; the network can still be asked. */
export interface State {
  readonly phase: "preparing" | "paused" | "training" | "ended" | "failed";
  readonly step: number;
  readonly epoch: number;
  readonly steps_per_epoch: number;
  /** As set, before the schedule; and as the last step used it. */
  readonly learning_rate: number;
  readonly step_rate: number | null;
  /** Of the present batches, and the size that waits until as many rows are made as whole batches of it have. */
  readonly batch_size: number;
  readonly next_batch_size: number | null;
  /** Seconds of a step, a batch's preparation that training waited for, and the last epoch; null where not known yet. */
  readonly seconds: { readonly step: number | null; readonly wait: number | null; readonly epoch: number | null };
  readonly frozen: readonly string[];
  /** Of each layer of {@linkcode About.network}'s `noise`. */
  readonly noise: readonly number[];
  /** Why nothing trains, in words: of `ended` and `failed`. */
  readonly reason: string | null;
  /** Number of edits that `undo` can take back. */
  readonly edits: number;
}

/** A number of a unit's own, as its bias or its slope, and where it is. */
export interface OwnNumber {
  readonly tensor: string;
  readonly at: readonly number[];
  readonly value: number;
}

/** Weights between a unit and those of one stage, the strongest first, as arrays: a neuron may have thousands of them. */
export interface Bundle {
  readonly tensor: string;
  /** The stage at the other end, which may be the unit's own, and the unit there of each weight. */
  readonly stage: number;
  readonly units: Uint32Array<ArrayBuffer>;
  readonly values: Numbers;
  /** In a network of neurons, the numbers of the connections, at which the tensor has the weights; else they are at [to, from]. */
  readonly connections: Uint32Array<ArrayBuffer> | null;
}

/** Every question: its parameters and its answer. */
export interface Asks {
  about: { readonly asks: Record<never, never>; readonly answer: About };
  /** A command for the training: core/steer/command.ts. The answer is its line of the journal. */
  command: { readonly asks: { readonly command: Command }; readonly answer: Edit };
  /** Ends the present run and begins another one of the same config, in a folder of its own. It begins paused. */
  reset: { readonly asks: Record<never, never>; readonly answer: About };
  /** Takes back the last edit of a weight, of a setting or of a frozen layer. The answer is the line of the journal that does so. */
  undo: { readonly asks: Record<never, never>; readonly answer: Edit };
  journal: { readonly asks: { readonly last: number }; readonly answer: { readonly edits: readonly Edit[] } };
  /** The latest checkpoint's value of a weight: "back to saved". */
  saved: {
    readonly asks: { readonly tensor: string; readonly at: readonly number[] };
    readonly answer: { readonly value: number };
  };
  /**
   * From now on this page is told the values of all stages for this row, at most `per_second` times a second (1 to 30) while
   * training, and after each edit: {@linkcode Tells.values}. Null: of none.
   */
  watch: {
    readonly asks: { readonly of: RowName | null; readonly per_second: number };
    readonly answer: Record<never, never>;
  };
  /**
   * The strongest weights of a link: places in `from` and in `to`, and weights, the strongest first. In the link's tensor each is at
   * [to, from], or in a network of neurons, which has a list of connections, at the number of the connection.
   */
  strongest: {
    readonly asks: { readonly link: number; readonly most: number };
    readonly answer: {
      readonly from: Uint32Array;
      readonly to: Uint32Array;
      readonly weight: Numbers;
      readonly connection: Uint32Array | null;
      readonly total: number;
    };
  };
  /** One unit: what it holds of its own, and its strongest weights in and out, at most `most` each. */
  unit: {
    readonly asks: { readonly stage: number; readonly unit: number; readonly most: number };
    readonly answer: {
      readonly own: readonly OwnNumber[];
      readonly into: readonly Bundle[];
      readonly into_total: number;
      readonly out: readonly Bundle[];
      readonly out_total: number;
      /** Of units whose weights come from the input, or of a convolution: its weights as a picture, [channels, height, width]. */
      readonly filter: { readonly shape: readonly number[]; readonly values: Numbers } | null;
    };
  };
  weight: {
    readonly asks: { readonly tensor: string; readonly at: readonly number[] };
    /** Of a weight of a link, also the units that it leads from and to. */
    readonly answer: { readonly value: number; readonly ends: readonly [from: UnitName, to: UnitName] | null };
  };
  /** The filters of the first layer: as many as `most`. [filters, channels, height, width] */
  filters: {
    readonly asks: { readonly most: number };
    readonly answer: { readonly shape: readonly number[]; readonly values: Numbers } | { readonly none: string };
  };
  /** A row: what is to be reconstructed, its reconstruction, its latent vector. Sparse rows: the stored columns only, in `columns`. */
  row: {
    readonly asks: { readonly of: RowName };
    readonly answer: {
      readonly part: "train" | "validation" | "test" | null;
      readonly label: string | null;
      readonly columns: Uint32Array | null;
      readonly input: Numbers;
      readonly output: Numbers;
      readonly latent: Numbers;
      readonly mse: number;
    };
  };
  /**
   * Rows for a contact sheet: the first `count` (at most 256) from row `from` on; inputs and outputs one row after the other. Of
   * sparse rows some columns only, in `columns`: those whose inputs vary most among these rows, the most first.
   */
  sheet: {
    readonly asks: { readonly part: "train" | "validation" | "test"; readonly from: number; readonly count: number };
    readonly answer: {
      readonly rows: Uint32Array;
      readonly columns: Uint32Array | null;
      readonly input: Numbers;
      readonly output: Numbers;
    };
  };
  /** The reconstruction of a latent vector; of sparse data the `most` largest columns. */
  decode: {
    readonly asks: { readonly latent: readonly number[]; readonly most: number };
    readonly answer: { readonly columns: Uint32Array | null; readonly output: Numbers };
  };
  /**
   * A map of latent vectors: `most` rows (at most 200,000), evenly spread. The plane goes through `mean` along the two `axes`
   * (2 x latent size, orthonormal): a point (x, y) of it is the latent vector mean + x axes[0] + y axes[1]. `low`, `high`: 1 % and
   * 99 % quantiles of each latent unit. Where there are more than 4,096 rows, as many of them give plane, mean and quantiles; 1,024
   * and more where latent vectors have more than 256 values.
   */
  map: {
    readonly asks: { readonly most: number };
    readonly answer: {
      readonly rows: Uint32Array;
      readonly x: Numbers;
      readonly y: Numbers;
      /** Into `names`; empty where the data have no labels. */
      readonly labels: Uint32Array;
      readonly names: readonly string[];
      readonly mean: Numbers;
      readonly axes: Numbers;
      readonly low: Numbers;
      readonly high: Numbers;
      /** Of the variance of the latent vectors that the plane holds. */
      readonly share: number;
      readonly step: number;
    };
  };
  /**
   * The decoder's Jacobian at a latent vector: singular values, and of the first `directions` the columns' part, each of length 1.
   * Of sparse data each direction has its strongest columns: `columns` and `output` have as many numbers, one direction after the
   * other.
   */
  jacobian: {
    readonly asks: { readonly latent: readonly number[]; readonly directions: number };
    readonly answer: {
      readonly singular: Numbers;
      /** directions x columns; of sparse data as many of each as `columns` has. */
      readonly output: Numbers;
      readonly columns: Uint32Array | null;
      /** directions x latent size. */
      readonly latent: Numbers;
    } | { readonly none: string };
  };
  /** Losses so far: of steps, thinned to at most `most` points by means, and of epochs. Seconds are those since the run began. */
  history: {
    readonly asks: { readonly most: number };
    readonly answer: {
      readonly step: Uint32Array;
      readonly loss: Numbers;
      readonly seconds: Numbers;
      readonly epochs: readonly EpochPoint[];
    };
  };
  /** Writes the network for other programs into the run folder; the page fetches `file` below its own address. */
  export: {
    readonly asks: { readonly format: string };
    readonly answer: { readonly path: string; readonly file: string };
  };
  /** The rows of the last file that was dropped (POST drop?name=NAME): how many, and what they are called. */
  dropped: { readonly asks: Record<never, never>; readonly answer: { readonly name: string; readonly rows: number } };
}

export interface EpochPoint {
  readonly epoch: number;
  readonly step: number;
  /** Since the run began. */
  readonly seconds: number;
  readonly train: number | null;
  readonly validation: number | null;
}

/**
 * What the server tells unasked. Of each kind only the newest waits for a page that does not keep up, except that edits and notes all
 * do, and that steps and epochs which wait become one message.
 */
export interface Tells {
  about: About;
  state: State;
  /**
   * Of all stages, one after the other, for the watched row; `at[i]` is where stage i begins. Stages without values are NaN. The next
   * ones are told after the page has said {@linkcode Taken}.
   */
  values: { readonly step: number; readonly at: readonly number[]; readonly values: Numbers };
  /** Steps since the last one: last step, and means over them. */
  steps: {
    readonly step: number;
    readonly loss: number;
    /** Since the run began, at its last step. */
    readonly seconds: number;
    readonly count: number;
  };
  /** Since the last ones. */
  epochs: readonly EpochPoint[];
  edit: Edit;
  /** What was printed, and warnings. */
  note: { readonly text: string; readonly warning: boolean };
  /** How many listen, this page included: they divide among themselves the time that may be taken from training. */
  pages: number;
}

export type AskName = keyof Asks;

/**
 * What a page says when it could draw the values that it was told. Else values of large networks would lie in the sockets' buffers,
 * and answers would wait behind them.
 */
export interface Taken {
  readonly taken: "values";
}

/** To the question with that id. */
interface Reply {
  readonly id: number;
  /** Milliseconds for which training has stood still for questions so far, this one included. */
  readonly stood: number;
}

/** What the server sends. */
export type Message =
  | Reply & { readonly answer: Asks[AskName]["answer"] }
  | Reply & { readonly error: { readonly where: string; readonly what: string; readonly hint?: string } }
  | { [K in keyof Tells]: { readonly tell: K; readonly value: Tells[K] } }[keyof Tells];
