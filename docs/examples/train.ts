// Trains on the data in this repository, from code: deno run -A docs/examples/train.ts
import { embedTo, restoreRun, train, writeReport } from "../../mod.ts";

const { path, summary } = await train({
  config: {
    name: "from-code",
    data: { path: "data/hsmm", batch_size: 32, shuffle_window: 4, transforms: [{ library_size: 10000 }, "log1p"] },
    model: { encoder: [{ linear: 64 }, "relu", { linear: 8 }], decoder: [{ linear: "output" }] },
    training: { epochs: 5 },
  },
  observer: { epochDone: ({ epoch, train_loss }) => console.log(`epoch ${epoch}: loss ${train_loss.toFixed(4)}`) },
});
console.log(`R2 of the held-out rows: ${summary.metrics.test?.r2.toFixed(3)}`);

using run = await restoreRun(path);
const [rows, width] = await embedTo(run, "all", `${path}/embeddings.npy`);
console.log(`${rows} latent vectors of ${width} numbers, and ${await writeReport(path)}`);
