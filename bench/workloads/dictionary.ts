/** Steps of a sparse autoencoder of activations, whose code is many times wider than a row. */
import type { Context, Workload } from "../types.ts";
import { type Case, compare, measureCase } from "./networks.ts";

const INPUTS = 768, UNITS = 16_384, ROWS = 1024;

const WIDE: Case = {
  net: {
    what: "sparse autoencoder, 768 to 16,384 units, 32 a row, batch 1,024",
    shape: [INPUTS],
    encoder: [{ sparse_code: UNITS, k: 32 }],
    decoder: [{ dictionary: "output" }],
    batch: ROWS,
  },
  wanted: 3,
  steps: 4,
};

/** Milliseconds of the product with which units are chosen, and of one read and one write of weights and moments. */
function floorMs({ limits }: Context): number {
  const gflop = 2e-9 * ROWS * INPUTS * UNITS, gbyte = 6 * 4e-9 * 2 * INPUTS * UNITS;
  return 1e3 * (gflop / limits.f32_gflops + gbyte / limits.memory_gbps);
}

export const dictionary: Workload = {
  name: "dictionary",
  title: "A sparse autoencoder",
  skip: () => null,
  check: (context) => compare(context, WIDE.net),
  async measure(context) {
    const { row, goal } = await measureCase(context, WIDE);
    return {
      ...{ rows: [{ ...row, floor: floorMs(context) }], goals: [goal], plots: [] },
      notes: [
        "Adam, mean squared error, float32 rows. PyTorch's decoder reads the directions of the units that are kept, as weighted bags " +
        "of embeddings. Both take the part along a direction from its gradient and give it the length 1 after the update. " +
        "The floor counts the product with which units are chosen, and one read and one write of all weights and moments.",
      ],
    };
  },
};
