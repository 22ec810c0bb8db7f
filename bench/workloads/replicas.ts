/** Several runs on the same batches, `training.replicas`, against the same runs one after the other. */
import { join } from "@std/path";
import { writeChunks, writeDense } from "../chunks.ts";
import { configOf } from "../narrows.ts";
import { byTurns, ratio, timing } from "../stats.ts";
import { finish, overrides, start } from "../trained.ts";
import { CheckFailed, type Context, type Outcome, type Row, type Workload } from "../types.ts";

const SEED = 1;

interface Case {
  readonly what: string;
  readonly runs: number;
  readonly config: Readonly<Record<string, unknown>>;
}

/** What costs time beside training, and is the same on both sides. */
const PLAIN = {
  "data.split": { train: 1, validation: 0, test: 0 },
  "checkpoint.every_epochs": 0,
  "checkpoint.best": false,
  "diagnostics.every_epochs": 0,
  "evaluation.pca": false,
};

/** Rows that take long to be made into batches, rows that take little time beside the steps, and steps too short to divide. */
async function cases({ scratch, threads, mode }: Context, rowsPerChunk = 4096): Promise<Case[]> {
  const isQuick = mode === "quick";
  const chunks = isQuick ? 1 : 8, nnzPerRow = 1000;
  const sparse = await writeChunks(scratch, { chunks, rowsPerChunk, columns: 20_000, nnzPerRow, deflated: true });
  const wide = await writeDense(scratch, chunks * rowsPerChunk, 256);
  const narrow = await writeDense(scratch, 2 * chunks * rowsPerChunk, 64);
  const transforms = [{ library_size: 10_000 }, "log1p"];
  const dense = configOf({ path: wide, hidden: 512, latent: 64, solver: "dense", dense: true, threads });
  const epochs = (count: number) => ({ training: { epochs: isQuick ? 1 : count } });
  return [
    {
      what: "4 runs on sparse rows of 20,000 columns, 5 % of them stored, 16-4-16, batch 128",
      runs: 4,
      config: {
        ...configOf({ path: join(sparse[0]!, ".."), hidden: 16, latent: 4, solver: "dense", threads, transforms }),
        ...epochs(2),
      },
    },
    {
      what: "3 runs on dense rows of 256 values, a code of 2,048 units, 32 of them a row, batch 512",
      runs: 3,
      config: {
        ...dense,
        data: { ...dense.data as Record<string, unknown>, batch_size: 512 },
        model: { encoder: [{ sparse_code: 2048, k: 32 }], decoder: [{ dictionary: "output" }] },
        ...epochs(2),
      },
    },
    {
      what: "8 runs on dense rows of 64 values, 32-8-32, batch 32, a thread each",
      runs: 8,
      config: {
        ...configOf({ path: narrow, hidden: 32, latent: 8, solver: "dense", dense: true, batch: 32, threads: 1 }),
        ...epochs(4),
      },
    },
  ];
}

/** Seconds of a command `train`, and the weights of its runs in the order of their seeds. */
interface Ran {
  readonly seconds: number;
  readonly weights: Uint8Array[];
}

/** Trains a config into a folder of its own, in a process of its own. */
async function run({ scratch }: Context, config: Case["config"], only: Record<string, unknown>): Promise<Ran> {
  const folder = await Deno.makeTempDir({ dir: scratch });
  const file = join(folder, "config.json"), runs = join(folder, "runs");
  await Deno.writeTextFile(file, JSON.stringify(config));
  const begun = performance.now();
  await finish(start(["--config", file, "--no-report", ...overrides({ ...PLAIN, "paths.runs": runs, ...only })]));
  const seconds = (performance.now() - begun) / 1000;
  const made = [...Deno.readDirSync(runs)].filter(({ isDirectory }) => isDirectory).map(({ name }) => join(runs, name));
  const seedOf = (path: string) => Number(/^seed: (\d+)$/m.exec(Deno.readTextFileSync(join(path, "config.yaml")))![1]);
  const weights = made.map((path) => ({ path, seed: seedOf(path) })).sort((a, b) => a.seed - b.seed).map(({ path }) => {
    const checkpoints = join(path, "checkpoints");
    const latest = Deno.readTextFileSync(join(checkpoints, "latest")).trim();
    return Deno.readFileSync(join(checkpoints, latest, "model.safetensors"));
  });
  await Deno.remove(folder, { recursive: true });
  return { seconds, weights };
}

const together = (context: Context, { config, runs }: Case) => run(context, config, { "training.replicas": runs });

async function oneByOne(context: Context, { config, runs }: Case): Promise<Ran> {
  const all: Ran[] = [];
  for (let i = 0; i < runs; i++) all.push(await run(context, config, { seed: SEED + i, "data.seed": SEED }));
  return {
    seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
    weights: all.flatMap(({ weights }) => weights),
  };
}

/** Both ways end with the same weights. */
function compare({ what, runs }: Case, a: Ran, b: Ran): void {
  const isSame = a.weights.length === runs && b.weights.length === runs &&
    a.weights.every((bytes, i) =>
      bytes.length === b.weights[i]!.length && bytes.every((x, k) => x === b.weights[i]![k])
    );
  if (!isSame) throw new CheckFailed(`${what}: the weights are not those of the runs one after the other`);
}

async function measureCase(context: Context, one: Case): Promise<Row> {
  context.log(one.what);
  const [ours, theirs] = await byTurns(context.mode === "quick" ? 1 : 5, [
    async () => (await together(context, one)).seconds,
    async () => (await oneByOne(context, one)).seconds,
  ]);
  const [narrows, peer] = [timing(ours!), timing(theirs!)];
  return { what: one.what, unit: "s", narrows, peer, ratio: ratio(narrows, peer, "less"), floor: null };
}

async function measure(context: Context): Promise<Outcome> {
  const rows: Row[] = [];
  for (const one of await cases(context)) rows.push(await measureCase(context, one));
  return {
    rows,
    goals: [],
    plots: [],
    sides: ["together", "one after the other"],
    notes: [
      "Seconds from the start of a command to its end, as a user waits: one command with `training.replicas` against a command for " +
      "each run. Files are in the page cache, nothing is validated, saved before the end or drawn. Both ways end with the same weights, " +
      "bit for bit, which is compared on shorter runs before anything is timed.",
    ],
  };
}

/** The weights of two runs together and one after the other, after few steps. */
async function check(context: Context): Promise<void> {
  for (const one of await cases({ ...context, mode: "quick" }, 1024)) {
    const few = { ...one, runs: 2, config: { ...one.config, training: { max_steps: 5 } } };
    compare(few, await together(context, few), await oneByOne(context, few));
  }
}

export const replicas: Workload = {
  name: "replicas",
  title: "Several runs on the same batches",
  skip: () => null,
  check,
  measure,
};
