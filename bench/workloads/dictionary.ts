/** Steps of a sparse autoencoder of activations, whose code is many times wider than a row. */
import type { Workload } from "../types.ts";
import { type Case, compare, measureCase } from "./networks.ts";

const WIDE: Case = {
  net: {
    what: "sparse autoencoder, 768 to 16,384 units, 32 a row, batch 1,024",
    shape: [768],
    encoder: [{ sparse_code: 16_384, k: 32 }],
    decoder: [{ dictionary: "output" }],
    batch: 1024,
  },
  wanted: 3,
  steps: 4,
};

export const dictionary: Workload = {
  name: "dictionary",
  title: "A sparse autoencoder",
  skip: () => null,
  check: (context) => compare(context, WIDE.net),
  async measure(context) {
    const { row, goal } = await measureCase(context, WIDE);
    return {
      ...{ rows: [row], goals: [goal], plots: [] },
      notes: [
        "Adam, mean squared error, float32 rows. PyTorch's decoder reads the directions of the units that are kept, as weighted bags " +
        "of embeddings. Both take the part along a direction from its gradient and give it the length 1 after the update.",
      ],
    };
  },
};
