/** What a network is asked without training it. */
import { EngineError } from "./error.ts";
import { engine } from "./library.ts";
import { type Batches, ModelObject } from "./model_object.ts";
import { MAX_U32, whole } from "./numbers.ts";

export class ModelQuestions extends ModelObject {
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
    const { chosen, count, width } = this.#chosen(columns);
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
    const { chosen, count, width } = this.#chosen(columns);
    const rows = whole(latent.length / this.latentSize, "latent: rows", 0, MAX_U32);
    const out = new Float32Array(rows * width);
    await this.start((pointer, error) =>
      engine().nrw_decode(pointer, latent, rows, chosen, count, out, out.length, error)
    );
    return out;
  }

  /**
   * Derivatives of the decoder's outputs at one latent vector: the chosen columns, or all, x {@linkcode latentSize}. The outputs
   * are those of the last layer, before a loss makes reconstructions of them; of a loss with several outputs a column, the first.
   * Gradients of {@linkcode backward} become zero.
   * @throws {EngineError} `unsupported`, with the layer, where one of the decoder computes something else in training
   */
  async decoderJacobian(
    latent: Float32Array<ArrayBuffer>,
    columns?: Uint32Array<ArrayBuffer>,
  ): Promise<Float32Array<ArrayBuffer>> {
    const { chosen, count, width } = this.#chosen(columns);
    whole(latent.length, "latent: length", this.latentSize, this.latentSize);
    const out = new Float32Array(width * this.latentSize);
    await this.start((pointer, error) =>
      engine().nrw_decoder_jacobian(pointer, latent, chosen, count, out, out.length, error)
    );
    return out;
  }

  /**
   * Derivatives of the latent vector by the input at the batches left, at most `rows` of their rows: rows x
   * {@linkcode latentSize} x {@linkcode columns}.
   * @throws {EngineError} `unsupported`, as for {@linkcode decoderJacobian}; `stopped`
   */
  async encoderJacobian(batches: Batches, rows: number): Promise<Float32Array<ArrayBuffer>> {
    const size = this.latentSize * this.columns;
    const out = new Float32Array(rows * size);
    const done = new Float64Array(1);
    await this.run(
      batches,
      (pointer, source, error) => engine().nrw_encoder_jacobian(pointer, source, out, out.length, done, error),
    );
    return out.subarray(0, done[0]! * size);
  }

  /**
   * What a layer gives for the batches left, at most `rows` of their rows: rows x its outputs, channels first.
   * @param layer its number in {@linkcode layers}
   * @throws {EngineError} `unsupported` for an output layer whose values are made with the loss; `stopped`
   */
  async layerOutputs(batches: Batches, rows: number, layer: number): Promise<Float32Array<ArrayBuffer>> {
    const width = this.layers()[layer]?.outputs ?? 0;
    const out = new Float32Array(rows * width);
    const done = new Float64Array(1);
    await this.run(
      batches,
      (pointer, source, error) => engine().nrw_layer_outputs(pointer, source, layer, out, out.length, done, error),
    );
    return out.subarray(0, done[0]! * width);
  }

  /** An empty choice would arrive in the engine as none, which is all. */
  #chosen(columns: Uint32Array<ArrayBuffer> | undefined) {
    if (columns?.length === 0) throw new EngineError("invalid_argument", "columns: at least one is needed");
    const count = whole(columns?.length ?? 0, "columns: length", 0, MAX_U32);
    return { chosen: columns ?? null, count, width: columns ? count : this.columns };
  }
}
