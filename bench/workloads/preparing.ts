/** Preparing an AnnData file into chunks: narrows from the command line, beside h5py and scipy that do the same. */
import { fromFileUrl, join } from "@std/path";
import { ROOT } from "../../core/build/tree.ts";
import { measured, type Ran } from "../process.ts";
import { byTurns, ratio, timing } from "../stats.ts";
import { CheckFailed, type Context, type Mode, type Outcome, type Row, type Workload } from "../types.ts";

const SCRIPT = fromFileUrl(new URL("../peer/preparing.py", import.meta.url));
const SEED = 1;

interface Size {
  readonly rows: number;
  readonly columns: number;
  readonly nonzeros: number;
}

const SIZES: Readonly<Record<Mode, Size>> = {
  quick: { rows: 4000, columns: 30_000, nonzeros: 4e6 },
  full: { rows: 200_000, columns: 30_000, nonzeros: 200e6 },
  thorough: { rows: 200_000, columns: 30_000, nonzeros: 200e6 },
};

interface Sides {
  ours(file: string, folder: string): Promise<Ran>;
  theirs(file: string, folder: string): Promise<Ran>;
}

async function python(context: Context): Promise<string> {
  await using peer = await context.peer();
  return (await peer!.ask<{ executable: string }>("executable")).executable;
}

async function make(program: string, path: string, { rows, columns, nonzeros }: Size) {
  const sizes = [rows, columns, nonzeros, SEED].map(String);
  const { stdout } = await measured([program, SCRIPT, "make", path, ...sizes]);
  return JSON.parse(stdout) as { readonly bytes: number; readonly nonzeros: number };
}

function sides(program: string): Sides {
  const main = join(ROOT, "cli", "main.ts");
  return {
    ours: (file, folder) =>
      measured([
        Deno.execPath(),
        "run",
        "-A",
        "--no-check",
        main,
        "data",
        "import",
        file,
        "--output",
        folder,
        "--quiet",
      ]),
    theirs: (file, folder) => measured([program, SCRIPT, "prepare", file, folder]),
  };
}

function chunksIn(folder: string): string[] {
  const { sources } = JSON.parse(Deno.readTextFileSync(join(folder, "data.json")));
  return sources.flatMap(({ chunks }: { chunks: { file: string }[] }) => chunks.map(({ file }) => join(folder, file)));
}

/** Both sides give the same matrix. @throws {CheckFailed} */
async function check(context: Context): Promise<void> {
  const program = await python(context);
  const file = join(context.scratch, "check.h5ad"), size = { rows: 5000, columns: 800, nonzeros: 300_000 };
  const { nonzeros } = await make(program, file, size);
  const [our, their] = [join(context.scratch, "check-ours"), join(context.scratch, "check-theirs")];
  const { ours, theirs } = sides(program);
  await ours(file, our);
  await theirs(file, their);
  const { stdout } = await measured([program, SCRIPT, "same", their, ...chunksIn(our)]);
  const compared = JSON.parse(stdout);
  if (!compared.same || compared.nonzeros !== nonzeros) {
    throw new CheckFailed(`the prepared matrices differ: ${compared.nonzeros} of ${nonzeros} values that are not zero`);
  }
}

async function measure(context: Context): Promise<Outcome> {
  const program = await python(context), { ours, theirs } = sides(program);
  const size = SIZES[context.mode], rounds = 3;
  const file = join(context.scratch, "counts.h5ad");
  context.log(`making a file of ${size.rows} rows with ${size.nonzeros} values`);
  const { bytes, nonzeros } = await make(program, file, size);
  const memory: number[][] = [[], []];
  const timed = (which: 0 | 1, prepare: Sides["ours"]) => async () => {
    const folder = join(context.scratch, "prepared");
    const { seconds, peakMb } = await prepare(file, folder);
    await Deno.remove(folder, { recursive: true });
    memory[which]!.push(peakMb);
    return seconds;
  };
  const [a, b] = await byTurns(rounds, [timed(0, ours), timed(1, theirs)]);
  const row = (what: string, unit: Row["unit"], [first, second]: number[][], better: "more" | "less"): Row => {
    const [narrows, peer] = [timing(first!), timing(second!)];
    return { what, unit, narrows, peer, ratio: ratio(narrows, peer, better), floor: null };
  };
  const per = (amount: number) => [a!, b!].map((seconds) => seconds.map((each) => amount / each));
  const [rows, columns] = [size.rows, size.columns].map((count) => count.toLocaleString("en-US"));
  return {
    rows: [
      row("time", "s", [a!, b!], "less"),
      row("rows", "rows/s", per(size.rows), "more"),
      row("values and columns, 8 bytes an entry", "MB/s", per(8 * nonzeros / 1e6), "more"),
      row("largest memory", "MB", memory, "less"),
    ],
    goals: [],
    plots: [],
    sides: ["narrows", "h5py and scipy"],
    notes: [
      `A CSR matrix of ${rows} x ${columns} with ${
        nonzeros.toLocaleString("en-US")
      } values that are not zero, in an .h5ad file of ` +
      `${
        (bytes / 1e6).toFixed(0)
      } MB (gzip, level 4), made from a seed by bench/peer/preparing.py. Both sides are processes of ` +
      "their own, from their start to their end; memory is the sum over all processes of a side.",
      "h5py and scipy read blocks of 2,048 rows, check that values are finite and columns sorted, and write chunks of 64 MB by save_npz. " +
      "narrows (data import) also checks every column's number, writes the names of rows and columns, and the SHA-256 of every file.",
    ],
  };
}

export const preparing: Workload = {
  name: "preparing",
  title: "Preparing an AnnData file",
  skip: ({ hasPeer }) => hasPeer ? null : "it needs --peer PYTHON, with h5py and scipy",
  check,
  measure,
};
