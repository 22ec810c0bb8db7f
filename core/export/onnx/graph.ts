/**
 * A graph of ONNX (https://onnx.ai/onnx/operators/) that is being built: nodes in the order of the calls, and constants and
 * weights as initializers. Rows have any number; the shape of a row is known, channels first.
 */
import type { TensorSource } from "../../formats/tensor.ts";
import { tensorNamed } from "../weights.ts";
import type { NetworkLayer, Shape, TrainedNetwork } from "../network.ts";

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A tensor that belongs to the graph: a constant, or a weight that stays in the checkpoint until it is written. */
export interface Initializer {
  readonly name: string;
  readonly dtype: "F32" | "I64";
  readonly shape: Shape;
  readonly values: Uint8Array<ArrayBuffer> | TensorSource;
}

/** An attribute of type float; a bare number is a whole one. */
export const float = (value: number): Attribute => ({ float: value });

export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly initializers = new Map<string, Initializer>();
  #scope = "";
  readonly #used = new Map<string, number>();

  constructor(readonly network: TrainedNetwork) {}

  /** What `make` adds has names that begin with `scope`. */
  within<T>(scope: string, make: () => T): T {
    const before = this.#scope;
    this.#scope = scope;
    try {
      return make();
    } finally {
      this.#scope = before;
    }
  }

  #name(of: string): string {
    const base = this.#scope === "" ? of : `${this.#scope}/${of}`;
    const count = this.#used.get(base) ?? 0;
    this.#used.set(base, count + 1);
    return count === 0 ? base : `${base}_${count}`;
  }

  /** Adds an operator with several outputs. @param inputs "" leaves an optional one out */
  split(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string[] {
    const name = this.#name(op);
    const named = Array.from({ length: outputs }, (_, at) => outputs === 1 ? `${name}:out` : `${name}:out${at}`);
    this.nodes.push({ name, op, inputs, outputs: named, attributes });
    return named;
  }

  /** Adds an operator. @returns the name of its output */
  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.split(op, inputs, 1, attributes)[0]!;
  }

  /** Gives a value the name of an output of the graph. */
  output(value: string, name: string): void {
    this.nodes.push({ name: this.#name("Identity"), op: "Identity", inputs: [value], outputs: [name], attributes: {} });
  }

  /** Float constants; one number without a shape is a scalar. */
  floats(values: number | ArrayLike<number>, shape?: Shape): string {
    const list = typeof values === "number" ? Float32Array.of(values) : Float32Array.from(values);
    const dims = shape ?? (typeof values === "number" ? [] : [list.length]);
    return this.#constant("F32", dims, new Uint8Array(list.buffer), [...list.subarray(0, 8)]);
  }

  /** Whole constants; one number is a scalar. */
  wholes(values: number | readonly number[]): string {
    const list = typeof values === "number" ? [values] : values;
    const bytes = new Uint8Array(BigInt64Array.from(list, BigInt).buffer);
    return this.#constant("I64", typeof values === "number" ? [] : [list.length], bytes, list.slice(0, 8));
  }

  #constant(dtype: "F32" | "I64", shape: Shape, values: Uint8Array<ArrayBuffer>, shown: readonly number[]): string {
    const elements = values.length / (dtype === "F32" ? 4 : 8);
    const isShort = elements <= shown.length;
    const key = `constant:${dtype}[${shape.join(",")}](${shown.join(",")})`;
    const name = isShort ? key : this.#name("constant");
    if (!this.initializers.has(name)) this.initializers.set(name, { name, dtype, shape, values });
    return name;
  }

  /** A tensor of the checkpoint. @throws {UserError} if there is none of this name */
  weight(name: string): string {
    if (!this.initializers.has(name)) {
      const source = tensorNamed(this.network, name);
      if (source.dtype !== "F32") throw new Error(`${name}: ${source.dtype} is no weight`);
      this.initializers.set(name, { name, dtype: "F32", shape: source.shape, values: source });
    }
    return name;
  }

  /** Whether the checkpoint has a tensor, such as a bias. */
  has(name: string): boolean {
    return this.network.tensors.has(name);
  }

  /** Rows in another shape of as many values. */
  reshape(x: string, shape: Shape): string {
    return this.node("Reshape", [x, this.wholes([-1, ...shape])]);
  }

  /** Rows of one shape as rows of another one; the same where the shapes are. */
  reshaped(x: string, from: Shape, to: Shape): string {
    return from.length === to.length && from.every((size, at) => size === to[at]) ? x : this.reshape(x, to);
  }

  transpose(x: string, order: readonly number[]): string {
    return this.node("Transpose", [x], { perm: order });
  }

  /** A vector over the channels, shaped so that it is added to or multiplied with rows of that shape. */
  overChannels(vector: string, row: Shape): string {
    return row.length === 1 ? vector : this.node("Reshape", [vector, this.wholes([-1, ...row.slice(1).map(() => 1)])]);
  }
}

/**
 * Makes nodes of a layer.
 * @param x its rows, in the layer's input shape
 * @param inner makes those of the layers within the layer
 * @returns rows in its output shape
 */
export type Translation = (graph: Graph, layer: NetworkLayer, x: string, inner: (x: string) => string) => string;
