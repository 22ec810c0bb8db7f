/** What can be asked of a network besides latent vectors and reconstructions: derivatives, and what single layers give. */
import { engine, utf8 } from "./library.ts";
import { type Batches, ModelCalls } from "./model_calls.ts";
import { everyLayer, type LayerInfo, type TensorInfo } from "./model_types.ts";
import { whole } from "./numbers.ts";

export abstract class ModelQuestions extends ModelCalls {
  abstract layers(): readonly LayerInfo[];
  abstract tensors(): readonly TensorInfo[];
  /** Numbers of values that layers give, by their names. */
  readonly #counts = new Map<string, number>();

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
    const { chosen, count, width } = this.chosen(columns);
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
    const layers = this.layers();
    whole(layer, "layer", 0, layers.length - 1);
    const { part, index } = layers[layer]!;
    return await this.outputsOf(batches, rows, [`${part}.${index}`]);
  }

  /**
   * What several layers give, from one pass: of each row the outputs of one after the other, channels first.
   * @param names at least one, such as `encoder.1`, or `encoder.1.layers.0` of a layer within it; with `.neurons` behind the name of a
   * network of neurons, what all its neurons give in the round before the last one (of one round, in that round)
   * @throws {EngineError} as {@linkcode layerOutputs}; then no batch is taken
   */
  async outputsOf(batches: Batches, rows: number, names: readonly string[]): Promise<Float32Array<ArrayBuffer>> {
    const width = names.reduce((sum, name) => sum + this.#countOf(name), 0);
    const out = new Float32Array(rows * width);
    const done = new Float64Array(1), list = utf8(JSON.stringify(names));
    await this.run(
      batches,
      (pointer, source, error) =>
        engine().nrw_layer_outputs(pointer, source, list, list.length, out, out.length, done, error),
    );
    return out.subarray(0, done[0]! * width);
  }

  /** 0 where there is no such layer, which the engine refuses. */
  #countOf(name: string): number {
    if (this.#counts.size === 0) {
      for (const { name, outputs } of everyLayer(this.layers())) this.#counts.set(name, outputs);
      // A network of neurons has one bias for each of them.
      for (const { name, shape, role } of this.tensors()) {
        if (role === "parameter" && name.endsWith(".bias")) {
          this.#counts.set(name.replace(/bias$/, "neurons"), shape[0] ?? 0);
        }
      }
    }
    return this.#counts.get(name) ?? 0;
  }
}
