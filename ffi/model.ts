/** The engine's network: built from layers in words, trained and run on batches of a {@link BatchCreator}. */
import { EngineError, errorRecord, unwrap } from "./error.ts";
import { Handle } from "./handle.ts";
import { engine, objects, utf8 } from "./library.ts";
import type { Batches } from "./model_calls.ts";
import { ModelQuestions } from "./model_questions.ts";
import { specText } from "./model_spec.ts";
import {
  type ColumnSums,
  type Description,
  DTYPES,
  ELEMENT_BYTES,
  type Estimate,
  type EvaluateResult,
  type InnerInfo,
  type LayerInfo,
  type ModelSpec,
  type Progress,
  ROLES,
  type TensorInfo,
  type TrainResult,
} from "./model_types.ts";
import { MAX_U32, whole } from "./numbers.ts";
import { readText } from "./text.ts";

export type { Batches };
export type {
  ColumnSums,
  Description,
  Estimate,
  EvaluateResult,
  LayerInfo,
  ModelSpec,
  Progress,
  TensorInfo,
  TrainResult,
};
export type { FieldValue, Layer, Loss, Optimizer } from "../spec/network.ts";

/** Bytes of one entry of a tensor's first dimension. */
function rowBytes({ dtype, shape }: TensorInfo): number {
  return shape.slice(1).reduce((product, size) => product * size, ELEMENT_BYTES[dtype]);
}

const sizesOf = ({ columns, latent }: Description) => ({ columns, latentSize: latent.size });

/** A call of {@link Model.train} that failed after some steps: they are done, and counted in `done`. */
export class TrainError extends EngineError {
  constructor(cause: EngineError, readonly done: TrainResult) {
    super(cause.status, cause.message);
  }
}

export class Model extends ModelQuestions implements Disposable {
  protected readonly handle: Handle;
  readonly columns: number;
  /** Numbers of one latent vector. */
  readonly latentSize: number;

  /**
   * Describes and checks the network; {@linkcode build} allocates it.
   * @throws {EngineError} `invalid_argument`, `unsupported`; the message begins with the path of the setting, such as
   * `encoder.2.size: ` or `loss.reduction: `
   */
  static create(spec: ModelSpec): Model {
    const text = utf8(specText(spec));
    const out = new BigUint64Array(1);
    const error = errorRecord();
    unwrap(engine().nrw_model_create(text, text.length, out, error), error);
    return new Model(out);
  }

  /**
   * @param out the engine's handle, which the model closes, also where it cannot be made
   * @param like a model with the same layers
   */
  private constructor(out: BigUint64Array, like?: Model) {
    super();
    this.handle = new Handle(Deno.UnsafePointer.create(out[0]!)!, "model", (pointer) => {
      objects.freed();
      const error = errorRecord();
      unwrap(engine().nrw_model_close(pointer, error), error);
    });
    objects.made();
    try {
      const { columns, latentSize } = like ?? sizesOf(this.describe());
      this.columns = columns;
      this.latentSize = latentSize;
    } catch (error) {
      this.handle.close();
      throw error;
    }
  }

  /**
   * A second network with the same layers, called a twin, which holds copies of this network's state and does not
   * train.
   */
  async twin(): Promise<Model> {
    const out = new BigUint64Array(1);
    await this.start((pointer, error) => engine().nrw_model_twin(pointer, out, error));
    return new Model(out, this);
  }

  /** Copies the state from a twin (see {@linkcode twin}), or from the model of which this is a twin. */
  async copyFrom(other: Model): Promise<void> {
    await other.handle.hold((from) => this.start((pointer, error) => engine().nrw_model_copy(pointer, from, error)));
  }

  /**
   * What the loss of each column is multiplied by, 0 or more. Before {@linkcode build}.
   * @throws {EngineError} `unsupported` where the loss takes rows as a whole or the output layer is factored; the message
   * begins with `loss.column_weights: `
   */
  weighColumns(weights: Float32Array<ArrayBuffer>): void {
    this.call((pointer, error) => engine().nrw_model_column_weights(pointer, weights, weights.length, error));
  }

  /** Allocates and draws the starting weights: slow for a large network. @throws {EngineError} `out_of_memory` */
  build(): void {
    this.call((pointer, error) => engine().nrw_model_build(pointer, error));
  }

  /** Memory for batches of that many rows with that many non-zeros a row. Before or after {@linkcode build}. */
  estimate(batchRows: number, nnzPerRow: number): Estimate {
    const estimate = new Float64Array(6);
    whole(batchRows, "batchRows", 1, MAX_U32);
    this.call((pointer, error) => engine().nrw_model_estimate(pointer, batchRows, nnzPerRow, estimate, error));
    const [parameters, optimizer, workspace, largestAllocation, total, parameterCount] = estimate as Iterable<number>;
    return {
      parameters: parameters!,
      optimizer: optimizer!,
      workspace: workspace!,
      largestAllocation: largestAllocation!,
      total: total!,
      parameterCount: parameterCount!,
    };
  }

  /** Shapes, parameters and the table of layers. Before or after {@linkcode build}. */
  describe(): Description {
    const pointer = this.handle.pointer;
    const description: Description = JSON.parse(
      readText((text, capacity, written, error) =>
        engine().nrw_model_describe(pointer, text, capacity, written, error)
      ),
    );
    const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
    const sized = <T extends InnerInfo>(layer: T): T => {
      const { input, output, layers } = layer;
      return { ...layer, inputs: sizeOf(input), outputs: sizeOf(output), layers: layers.map(sized) };
    };
    return { ...description, layers: description.layers.map(sized) };
  }

  /** The table of layers, encoder first. Before or after {@linkcode build}. */
  layers(): readonly LayerInfo[] {
    return this.describe().layers;
  }

  /** Parameters and buffers in PyTorch's order, then the optimizer's state, then gradients, if there are any. */
  tensors(): TensorInfo[] {
    const count = new Uint32Array(1);
    this.call((pointer, error) => engine().nrw_model_tensor_count(pointer, count, error));
    const name = new Uint8Array(256);
    const shape = new Float64Array(8);
    return Array.from({ length: count[0]! }, (_, index) => {
      this.call((pointer, error) => engine().nrw_model_tensor(pointer, index, name, name.length, count, shape, error));
      const dtype = DTYPES[shape[1]!];
      if (dtype === undefined) throw new EngineError("internal", `unknown element type ${shape[1]}`);
      return {
        name: new TextDecoder().decode(name.subarray(0, count[0])),
        role: ROLES[shape[0]!]!,
        dtype,
        shape: [...shape.subarray(3, 3 + shape[2]!)],
        index,
      };
    });
  }

  /** Fills `into` with rows [firstRow, firstRow + rows) of the first dimension, dense; a scalar has one row. */
  async readTensor(info: TensorInfo, firstRow: number, rows: number, into: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#checkRows(info, rows, into);
    await this.start((pointer, error) =>
      engine().nrw_model_tensor_read(pointer, info.index, firstRow, rows, into, into.length, error)
    );
  }

  /** The value at place `column` of each row of the first dimension, of a tensor of 32-bit numbers. */
  async readTensorColumn({ index, shape }: TensorInfo, column: number): Promise<Float32Array<ArrayBuffer>> {
    const values = new Float32Array(shape[0] ?? 1), bytes = new Uint8Array(values.buffer);
    await this.start((pointer, error) =>
      engine().nrw_model_tensor_column(pointer, index, column, bytes, bytes.length, error)
    );
    return values;
  }

  /** The reverse of {@linkcode readTensor}. */
  async writeTensor(info: TensorInfo, firstRow: number, rows: number, from: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#checkRows(info, rows, from);
    await this.start((pointer, error) =>
      engine().nrw_model_tensor_write(pointer, info.index, firstRow, rows, from, from.length, error)
    );
  }

  #checkRows(info: TensorInfo, rows: number, bytes: Uint8Array): void {
    const wanted = rows * rowBytes(info);
    if (bytes.length === wanted) return;
    throw new EngineError("invalid_argument", `${info.name}: ${rows} rows are ${wanted} bytes, got ${bytes.length}`);
  }

  /** Optimizer steps taken. */
  get step(): number {
    const step = new Float64Array(1);
    this.call((pointer, error) => engine().nrw_model_get_step(pointer, step, error));
    return step[0]!;
  }

  set step(step: number) {
    this.call((pointer, error) => engine().nrw_model_set_step(pointer, step, error));
  }

  /**
   * Multiplies the learning rate for a layer's weights from the next step on; 0: they stay as they are.
   * @param layer such as `encoder.0`
   */
  setRate(layer: string, rate: number): void {
    const bytes = utf8(layer);
    this.call((pointer, error) => engine().nrw_model_set_rate(pointer, bytes, bytes.length, rate, error));
  }

  /**
   * How much noise a layer makes in training, from the next step on: the value beside its kind.
   * @param layer such as `encoder.1` @throws {EngineError} where the layer makes none, or the value is out of its bounds
   */
  setNoise(layer: string, amount: number): void {
    const bytes = utf8(layer);
    this.call((pointer, error) => engine().nrw_model_set_noise(pointer, bytes, bytes.length, amount, error));
  }

  /**
   * Appends to `path` (steps.csv) a row for each later step that is a multiple of `everySteps`, and for the last of each
   * {@linkcode train}. Steps up to `afterStep` are there already.
   * @param elapsedS what the column elapsed_s goes on from
   * @throws {EngineError} `io`
   */
  openLog(path: string, afterStep: number, everySteps: number, elapsedS: number): void {
    const bytes = utf8(path);
    whole(everySteps, "everySteps", 1, MAX_U32);
    this.call((pointer, error) =>
      engine().nrw_model_open_log(pointer, bytes, bytes.length, afterStep, everySteps, elapsedS, error)
    );
  }

  /** The log is on disk when the promise resolves. @throws {EngineError} `io` */
  async syncLog(): Promise<void> {
    await this.start((pointer, error) => engine().nrw_model_sync_log(pointer, error));
  }

  /** @throws {EngineError} `io` */
  closeLog(): void {
    this.call((pointer, error) => engine().nrw_model_close_log(pointer, error));
  }

  /**
   * One step a learning rate, until the batches end or {@linkcode stop}.
   * @param epoch goes into the log, as `chunk`
   * @throws {TrainError} `non_finite` naming step and batch, `io` from the log, and what the batches throw, with the steps
   * before it
   */
  async train(
    batches: Batches,
    learningRates: Float64Array<ArrayBuffer>,
    epoch: number,
    chunk: number,
  ): Promise<TrainResult> {
    const count = whole(learningRates.length, "learningRates", 0, MAX_U32);
    const result = new Float64Array(12), losses = new Float64Array(count);
    const at = (index: number) => result[index]!;
    const done = (): TrainResult => ({
      steps: at(0),
      rows: at(1),
      nnz: at(10),
      losses: losses.subarray(0, at(0)),
      lossRows: at(2),
      lastLoss: at(3),
      maxLoss: at(9),
      lastGradNorm: at(4),
      maxGradNorm: at(5),
      waitMs: at(6),
      computeMs: at(7),
      forwardMs: at(11),
      batchesLeft: at(8),
    });
    try {
      await this.run(
        batches,
        (pointer, source, error) =>
          engine().nrw_train(pointer, source, learningRates, count, epoch, chunk, result, losses, error),
      );
    } catch (error) {
      throw error instanceof EngineError ? new TrainError(error, done()) : error;
    }
    return done();
  }

  /** Loss and error over the batches left, in evaluation mode: without random draws, with running statistics. */
  async evaluate(batches: Batches, columns?: ColumnSums): Promise<EvaluateResult> {
    if (columns) {
      for (const name of ["sse", "sum", "sumsq"] as const) {
        whole(columns[name].length, `columns.${name}: length`, this.columns, this.columns);
      }
    }
    const result = new Float64Array(12);
    const { sse = null, sum = null, sumsq = null } = columns ?? {};
    const status = await this.run(
      batches,
      (pointer, source, error) => engine().nrw_evaluate(pointer, source, result, sse, sum, sumsq, error),
      ["stopped"],
    );
    const at = (index: number) => result[index]!;
    if (status === "stopped") await this.beginEvaluation(0, 0, false); // nothing is left out any more
    return {
      rows: at(0),
      nnz: at(5),
      loss: at(1),
      weight: at(11),
      sse: at(2),
      sum: at(3),
      sumsq: at(4),
      ms: at(6),
      lossSum: at(8),
      perfect: at(9),
      constant: at(10),
      stopped: status === "stopped",
    };
  }

  /**
   * Of a loss that is a negative log-likelihood, otherwise 0: its sum over `rows` rows with these sums by column if each value
   * were reconstructed by its column's mean, less the share that no reconstruction changes.
   */
  meanLoss(rows: number, sum: Float64Array<ArrayBuffer>): number {
    whole(sum.length, "sum: length", this.columns, this.columns);
    const result = new Float64Array(1);
    this.call((pointer, error) => engine().nrw_mean_loss(pointer, rows, sum, result, error));
    return result[0]!;
  }

  /**
   * Around some calls of {@linkcode evaluate}, which may then leave out loss and squared errors, also by column:
   * {@linkcode endEvaluation} has them for all batches together, where that is faster.
   * @param rows of all batches to come, about; `nnz` likewise
   */
  async beginEvaluation(rows: number, nnz: number, byColumn: boolean): Promise<void> {
    await this.start((pointer, error) => engine().nrw_evaluate_begin(pointer, rows, nnz, byColumn ? 1 : 0, error));
  }

  /**
   * What {@linkcode evaluate} has left out, to be added: the sum of loss times rows and of squared errors.
   * @param sse by column, added to
   */
  async endEvaluation(sse?: Float64Array<ArrayBuffer>): Promise<{ lossRows: number; sse: number }> {
    if (sse) whole(sse.length, "sse: length", this.columns, this.columns);
    const result = new Float64Array(2);
    await this.start((pointer, error) => engine().nrw_evaluate_end(pointer, result, sse ?? null, error));
    return { sse: result[0]!, lossRows: result[1]! };
  }

  /**
   * Of the rows of all calls of {@linkcode evaluate} since {@linkcode beginEvaluation}, for each latent value: the number of rows in
   * which it was not 0, where the encoder ends with a layer that sets most values of a row to 0; the sum of its KL divergence from
   * the prior in nats, where it ends with a variational one.
   * @throws {EngineError} `unsupported` where it ends with another
   */
  codeSums(): Float64Array<ArrayBuffer> {
    const sums = new Float64Array(this.latentSize);
    this.call((pointer, error) => engine().nrw_code_sums(pointer, sums, BigInt(sums.length), error));
    return sums;
  }

  /**
   * Solves for the weights of a factored output layer with all other layers as they are, from all rows of some batches,
   * which count the same. What the layer had learned before is forgotten.
   * @param sources batches, one creator after the other
   * @param heldOut batches of rows that are not fitted to: with `ridge: auto` the ridge is chosen by their error
   * @throws {EngineError} `unsupported` where the output layer is trained by gradients
   */
  async refit(
    sources: AsyncIterable<Batches> | Iterable<Batches>,
    heldOut: AsyncIterable<Batches> | Iterable<Batches> = [],
  ): Promise<void> {
    await this.start((pointer, error) => engine().nrw_refit_begin(pointer, error));
    for (const [part, held] of [[sources, 0], [heldOut, 1]] as const) {
      for await (const batches of part) {
        await this.run(batches, (pointer, source, error) => engine().nrw_refit(pointer, source, held, error));
      }
    }
    await this.start((pointer, error) => engine().nrw_refit_end(pointer, error));
  }

  /**
   * Latent vectors of the batches left, at most `rows` of them, in their order: rows x {@linkcode latentSize}. The rest
   * of a batch that does not fit is lost.
   * @throws {EngineError} `stopped`
   */
  async embed(batches: Batches, rows: number): Promise<Float32Array<ArrayBuffer>> {
    const out = new Float32Array(rows * this.latentSize);
    const done = new Float64Array(1);
    await this.run(
      batches,
      (pointer, source, error) => engine().nrw_embed(pointer, source, out, out.length, done, error),
    );
    return out.subarray(0, done[0]! * this.latentSize);
  }

  /** Reconstructions, likewise: rows x the chosen columns, or all. @throws {EngineError} `stopped` */
  async reconstruct(
    batches: Batches,
    rows: number,
    columns?: Uint32Array<ArrayBuffer>,
  ): Promise<Float32Array<ArrayBuffer>> {
    const { chosen, count, width } = this.chosen(columns);
    const out = new Float32Array(rows * width);
    const done = new Float64Array(1);
    await this.run(
      batches,
      (pointer, source, error) =>
        engine().nrw_reconstruct(pointer, source, chosen, count, out, out.length, done, error),
    );
    return out.subarray(0, done[0]! * width);
  }

  /** Reconstruction of latent vectors (rows x {@linkcode latentSize}): rows x the chosen columns, or all. */
  async decode(
    latent: Float32Array<ArrayBuffer>,
    columns?: Uint32Array<ArrayBuffer>,
  ): Promise<Float32Array<ArrayBuffer>> {
    const { chosen, count, width } = this.chosen(columns);
    const rows = whole(latent.length / this.latentSize, "latent: rows", 0, MAX_U32);
    const out = new Float32Array(rows * width);
    await this.start((pointer, error) =>
      engine().nrw_decode(pointer, latent, rows, chosen, count, out, out.length, error)
    );
    return out;
  }

  /**
   * Loss of the next batch in training mode. Its gradients are added to the tensors of role `gradient`; nothing else
   * changes. Training drops them.
   * @throws {EngineError} `end` when there is no batch
   */
  async backward(batches: Batches): Promise<number> {
    const loss = new Float64Array(1);
    await this.run(
      batches,
      (pointer, source, error) => engine().nrw_model_backward(pointer, source, loss, error),
    );
    return loss[0]!;
  }

  zeroGradients(): void {
    this.call((pointer, error) => engine().nrw_model_zero_gradients(pointer, error));
  }

  /** Ends the call in flight after its batch, and later ones at once, until {@linkcode clearStop}. */
  stop(): void {
    this.call((pointer, error) => engine().nrw_model_stop(pointer, 1, error));
  }

  clearStop(): void {
    this.call((pointer, error) => engine().nrw_model_stop(pointer, 0, error));
  }

  /** At any time, also while a call is in flight. */
  progress(): Progress {
    const progress = new Float64Array(6);
    this.call((pointer, error) => engine().nrw_model_progress(pointer, progress, error));
    const at = (index: number) => progress[index]!;
    return {
      step: at(0),
      batchesDone: at(1),
      batches: at(2),
      loss: at(3),
      rowsPerSecond: at(4),
      waitShare: at(5),
    };
  }

  /** Frees the network; a call in flight ends first, after its batch. May be called again. */
  close(): void {
    if (!this.handle.closed) this.stop();
    this.handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
