/** The limits of the machine, measured by build/engine/bench/bench_limits, and the floor of a training step. */
import { join } from "@std/path";
import { buildEngine } from "../core/build/build.ts";
import type { Source } from "../core/data/source.ts";
import type { Description, LayerInfo } from "../ffi/model_types.ts";

export interface Limits {
  readonly threads: number;
  /** Multiply-adds in registers, all threads together. */
  readonly f32_gflops: number;
  /** bf16 pairs added up in f32; 0 without the instruction. */
  readonly bf16_gflops: number;
  readonly memory_gbps: number;
}

export async function measureLimits(threads: number): Promise<Limits> {
  const { folder } = await buildEngine({ tests: true });
  const program = join(folder, "bench", "bench_limits");
  const { success, stdout } = await new Deno.Command(program, { args: [String(threads)], stdin: "null" }).output();
  if (!success) throw new Error(`${program} failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

export interface StepShape {
  readonly columns: number;
  readonly hidden: number;
  readonly latent: number;
  readonly batch: number;
  readonly nnzPerRow: number;
}

/** GFLOP of the dense layers between the sparse input and the output layer: forward, and two products backward. */
const middle = ({ hidden, latent, batch }: StepShape) => 3 * 2 * 2e-9 * batch * hidden * latent;
/** GFLOP of the sparse input layer, forward and backward: the non-zeros alone. */
const input = ({ nnzPerRow, hidden, batch }: StepShape) => 2 * 2e-9 * batch * nnzPerRow * hidden;

/**
 * Milliseconds of a step with a dense output layer and Adam: three products at the peak rate, and one read and one write
 * of the output layer's weights and moments.
 */
export function denseFloorMs(shape: StepShape, limits: Limits): number {
  const { columns, hidden, batch } = shape;
  const gflop = 3 * 2e-9 * batch * columns * hidden + middle(shape) + input(shape);
  const gbyte = 6 * 4e-9 * columns * hidden;
  return 1e3 * (gflop / limits.f32_gflops + gbyte / limits.memory_gbps);
}

/**
 * The same with the memory that an exact Adam needs in the input layer: one read and one write of the weights and moments of
 * the `touched` columns, which are those in which some row of the batch has a value.
 */
export function denseInputFloorMs(shape: StepShape, touched: number, limits: Limits): number {
  return denseFloorMs(shape, limits) + 1e3 * 6 * 4e-9 * touched * shape.hidden / limits.memory_gbps;
}

/**
 * Milliseconds of a step with the factored output layer and Adam elsewhere: one read and one write of what the batch's
 * `touched` columns have (weights and moments of the input layer, a row of V), the non-zeros through both layers, and the
 * factored layer's products in double (docs/factored.md counts them), whose rate is half that of f32.
 */
export function factoredFloorMs(shape: StepShape, touched: number, limits: Limits): number {
  const { hidden, batch } = shape, p = hidden + 1;
  const gflop = middle(shape) + 2 * input(shape);
  const doubles = 2e-9 * (batch * p * p * 7 + batch * batch * p + p ** 3 / 6);
  const gbyte = 4e-9 * touched * (6 * hidden + 2 * p);
  return 1e3 * (gflop / limits.f32_gflops + doubles / (limits.f32_gflops / 2) + gbyte / limits.memory_gbps);
}

/** Multiply-adds of a layer's trained weights for one row. Those of a convolution are used once a place. */
function products({ kind, parameters, input, output }: LayerInfo): number {
  const places = (shape: readonly number[]) => shape.slice(1).reduce((product, size) => product * size, 1);
  if (kind.startsWith("conv_transpose")) return parameters * places(input);
  if (kind.startsWith("conv")) return parameters * places(output);
  return ["linear", "variational"].includes(kind) ? parameters : 0;
}

/**
 * Milliseconds of a step of any network with Adam: its products at the peak rate, three for each layer but the first, which
 * has no gradient to its input and of sparse rows multiplies the stored values only. Of sparse rows also one read and one
 * write of the output layer's weights and moments.
 */
export function networkFloorMs({ layers }: Description, source: Source, batch: number, limits: Limits): number {
  const { dense, columns, nnz, rows } = source;
  let gflop = 0;
  for (const [i, layer] of layers.entries()) {
    const share = i === 0 && !dense ? nnz / rows / columns : 1;
    gflop += (i === 0 ? 2 : 3) * 2e-9 * batch * products(layer) * share;
  }
  const gbyte = dense ? 0 : 6 * 4e-9 * layers.at(-1)!.parameters;
  return 1e3 * (gflop / limits.f32_gflops + gbyte / limits.memory_gbps);
}

/** Milliseconds of a step of a network of dense layers with Adam, all of it in cache. */
export function denseLayersFloorMs(sizes: readonly number[], batch: number, limits: Limits): number {
  let gflop = 0;
  for (let i = 0; i + 1 < sizes.length; i++) gflop += (i === 0 ? 2 : 3) * 2e-9 * batch * sizes[i]! * sizes[i + 1]!;
  return 1e3 * gflop / limits.f32_gflops;
}
