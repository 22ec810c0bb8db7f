/** Replicas from code: on arrays, with the bits of the runs alone, and with what each of them ends with. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { train } from "../../../core/train/train.ts";
import { trainReplicas } from "../../../core/train/train_replicas.ts";
import { engine } from "../../../ffi/library.ts";
import { fingerprintOf } from "../../helpers/small_run.ts";
import { testInFolder } from "../../temp.ts";

engine(); // the library stays open: not a leak of the test that is first

const COLUMNS = 6;
const rows = Float32Array.from({ length: 60 * COLUMNS }, (_, i) => Math.sin(i * i) + Math.cos(i % COLUMNS));
const data = { rows: { values: rows, columns: COLUMNS } };
const configIn = (folder: string, replicas: unknown) => ({
  name: "code",
  seed: 5,
  data: { batch_size: 8 },
  model: { encoder: [{ linear: 2 }], decoder: [{ linear: "output" }] },
  training: { epochs: 2, ...replicas === undefined ? {} : { replicas } },
  runtime: { threads: 1 },
  paths: { runs: join(folder, "runs") },
});

testInFolder("trainReplicas on arrays: the bits of each run alone, its own observer and loggers", async (folder) => {
  const epochs: string[] = [], logged: string[] = [];
  const ended = await trainReplicas({
    config: configIn(folder, [{ seed: 5 }, { "seed": 6, "training.epochs": 1, "model.encoder.0.linear": 3 }]),
    data,
    observer: (replica) => ({ epochDone: ({ epoch }) => epochs.push(`${replica}:${epoch}`) }),
    sinks: (replica) => [{
      name: "own",
      open: () => Promise.resolve(null),
      write: (events) => {
        logged.push(...events.filter(({ event }) => event === "epoch").map(() => `${replica}`));
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
      abandon: () => {},
    }],
  });
  assertEquals(ended.map(({ number, summary, error }) => [number, summary?.status, summary?.epochs, error]), [
    [1, "finished", 2, undefined],
    [2, "finished", 1, undefined],
  ]);
  assertEquals(epochs.sort(), ["1:0", "1:1", "1:2", "2:0", "2:1"]); // 0: before the first step
  assertEquals(logged.sort(), ["1", "1", "1", "2", "2"]);
  for (const [index, overrides] of [[], ["training.epochs=1", "model.encoder.0.linear=3"]].entries()) {
    const alone = await train({
      config: configIn(folder, undefined),
      data,
      overrides: [`seed=${5 + index}`, "data.seed=5", ...overrides],
      runDir: join(folder, `alone-${index}`),
    });
    assertEquals(fingerprintOf(ended[index]!.path!), fingerprintOf(alone.path));
  }
});

testInFolder(
  "trainReplicas: one that fails does not end the others, and what is wrong is said before",
  async (folder) => {
    const [good, bad] = await trainReplicas({
      config: configIn(folder, [{}, { "optimizer.learning_rate": 1000, "optimizer.name": "sgd" }]),
      data,
    });
    assertEquals([good!.summary?.status, good!.error, bad!.summary?.status], ["finished", undefined, "failed"]);
    assertMatch(String(bad!.error), /not finite/);
    const again = await trainReplicas({
      config: configIn(folder, [{}, { "optimizer.learning_rate": 1000, "optimizer.name": "sgd" }]),
      data,
      resume: "auto",
    });
    assertEquals(again.map(({ number }) => number), [2]); // the first one is finished
    const refused = async (config: Record<string, unknown>, said: string) => {
      await assertRejects(() => trainReplicas({ config, data }), UserError, said);
    };
    await refused(configIn(folder, undefined), "is not set, so the config stands for one run");
    const before = [...Deno.readDirSync(join(folder, "runs"))].length;
    await refused(configIn(folder, [{}, { "model.decoder": [{ linear: 5 }] }]), "");
    assertEquals([...Deno.readDirSync(join(folder, "runs"))].length, before);
    assert(before > 0);
  },
);
