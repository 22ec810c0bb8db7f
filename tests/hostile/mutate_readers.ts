/**
 * Reads changed copies of small files of every reader, and prints what became of them:
 *
 *     deno run -A tests/hostile/mutate_readers.ts [--files 10000] [--seed 1] [--only h5ad,csv]
 *
 * A copy is cut short, spliced, or has flipped bits, other sizes, and zeroed or repeated stretches. Each must become rows, or be refused
 * in one line, in bounded memory and time. The copies are the same for the same seed; what went wrong is listed by the number of the
 * copy. The exit status is 1 where something did.
 */
import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl } from "@std/path";
import { lines } from "../../core/build/lines.ts";
import type { SourceFormat } from "../../core/config/data_formats.ts";
import { bytesText, countText } from "../../core/figures.ts";
import type { Outcome } from "./read_mutated.ts";
import { SAMPLES } from "./samples.ts";

/** What a copy may take: time where nothing ends a reader before, and memory of a process. */
const SECONDS_MOST = 60, BYTES_MOST = 1.5e9;
/** Copies that one process reads. */
const BATCH = 1000;

interface Tally {
  rows: number;
  refused: number;
  ended: number;
  slowest: Outcome | null;
  largest: Outcome | null;
  readonly faults: string[];
}

/** Reads copies in a process of its own, which is ended where one copy takes too long. @returns the number behind the last one */
async function batch(format: SourceFormat, seed: number, from: number, to: number, tally: Tally): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      fromFileUrl(new URL("./read_mutated.ts", import.meta.url)),
      format,
      ...[seed, from, to].map(String),
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  let next = from, timer = 0;
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill("SIGKILL"), 1000 * SECONDS_MOST) as unknown as number;
  };
  watch();
  for await (const line of lines(child.stdout)) {
    const outcome: Outcome = JSON.parse(line);
    watch();
    next = outcome.number + 1;
    if (outcome.became === "fault") tally.faults.push(`${format} ${outcome.number}: ${outcome.text}`);
    else tally[outcome.became]++;
    if (outcome.bytes > BYTES_MOST) tally.faults.push(`${format} ${outcome.number}: took ${bytesText(outcome.bytes)}`);
    if (outcome.ms > (tally.slowest?.ms ?? -1)) tally.slowest = outcome;
    if (outcome.bytes > (tally.largest?.bytes ?? -1)) tally.largest = outcome;
  }
  clearTimeout(timer);
  const { code, signal } = await child.status;
  if (next === to && code === 0) return next;
  const how = signal === "SIGKILL" ? `took more than ${SECONDS_MOST} s` : `ended its process with ${signal ?? code}`;
  tally.faults.push(`${format} ${next}: ${how}: ${(await said).trim().split("\n").slice(0, 3).join(" | ")}`);
  return next + 1;
}

async function all(format: SourceFormat, files: number, seed: number): Promise<Tally> {
  const tally: Tally = { rows: 0, refused: 0, ended: 0, slowest: null, largest: null, faults: [] };
  for (let at = 0; at < files;) at = await batch(format, seed, at, Math.min(files, at + BATCH), tally);
  return tally;
}

const { files, seed, only } = parseArgs(Deno.args, {
  string: ["files", "seed", "only"],
  default: { files: "10000", seed: "1" },
});
const formats = (only?.split(",") ?? Object.keys(SAMPLES)) as SourceFormat[];
console.log("| reader | files | rows | refused | ended | longest | most memory |\n|---|---|---|---|---|---|---|");
let faults = 0;
for (const format of formats) {
  const tally = await all(format, Number(files), Number(seed));
  const { rows, refused, ended, slowest, largest } = tally;
  const counts = [Number(files), rows, refused, ended].map(countText).join(" | ");
  const [longest, memory] = [`${((slowest?.ms ?? 0) / 1000).toFixed(2)} s`, bytesText(largest?.bytes ?? 0)];
  console.log(`| \`${format}\` | ${counts} | ${longest} | ${memory} |`);
  for (const fault of tally.faults) console.error(fault);
  if (slowest && slowest.ms > 1000) {
    console.error(`${format} ${slowest.number}: ${slowest.ms.toFixed(0)} ms: ${slowest.text}`);
  }
  faults += tally.faults.length;
}
Deno.exit(faults > 0 ? 1 : 0);
