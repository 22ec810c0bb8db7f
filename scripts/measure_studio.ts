/**
 * Measures what pages that watch cost training: steps a second with no page, one and three, in alternation. Pages are sockets of
 * another process, which ask for the values of a row 30 times a second and read all that they are told.
 *
 *     deno run -A scripts/measure_studio.ts [--seconds 3] [--rounds 5] [CONFIG ...]
 */
import { parseArgs } from "@std/cli";
import { basename } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { serveStudio } from "../studio/server/serve.ts";
import { openingOf } from "../studio/session/opening.ts";
import { Studio } from "../studio/studio.ts";

const PAGES = [0, 1, 3];
const CONFIGS = ["configs/digits.yaml", "configs/digits_conv2d.yaml", "configs/quickstart.yaml"];

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;

/** Sockets that watch a row, until standard input ends. Prints the number of values that they were told. */
async function watch(url: string, count: number): Promise<void> {
  let told = 0;
  const { origin } = new URL(url);
  for (let i = 0; i < count; i++) {
    // deno-lint-ignore no-explicit-any -- headers of a WebSocket are Deno's own
    const socket: WebSocket = new (WebSocket as any)(`${url.replace("http", "ws")}socket`, { headers: { origin } });
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, ask: "watch", of: { row: i }, per_second: 30 }));
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") told++;
    };
  }
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(1));
  console.log(told);
  Deno.exit(0);
}

async function stepsPerSecond(studio: Studio, seconds: number): Promise<number> {
  const from = await studio.state(), begun = performance.now();
  await pause(seconds * 1000);
  return ((await studio.state()).step - from.step) / (performance.now() - begun) * 1000;
}

async function measured(studio: Studio, url: string, pages: number, seconds: number) {
  if (pages === 0) return { rate: await stepsPerSecond(studio, seconds), told: 0 };
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.filename!, "--watch", url, "--pages", String(pages)],
    ...{ stdin: "piped", stdout: "piped" },
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  await reader.read();
  await pause(300);
  const rate = await stepsPerSecond(studio, seconds);
  await child.stdin.close();
  const { value } = await reader.read();
  await child.status;
  return { rate, told: Number(value) / pages / (seconds + 0.3) };
}

async function measureConfig(config: string, seconds: number, rounds: number): Promise<void> {
  const runs = await Deno.makeTempDir({ prefix: "narrows_measure_" });
  const overrides = [
    ...["training.epochs=1000000", `paths.runs=${JSON.stringify(runs)}`, "model.start=random"],
    ...["checkpoint.every_epochs=0", "checkpoint.best=false", "diagnostics.every_epochs=0"],
  ];
  const studio = await Studio.open({ ...await openingOf(undefined, { config, overrides }), signals: false });
  const server = serveStudio(studio, 0);
  await studio.training.post({ do: "continue" });
  await pause(1000);
  const rates = new Map(PAGES.map((pages) => [pages, [] as number[]])), told = new Map<number, number>();
  for (let round = 0; round < rounds; round++) {
    for (const pages of PAGES) {
      const found = await measured(studio, server.url, pages, seconds);
      rates.get(pages)!.push(found.rate);
      told.set(pages, found.told);
    }
  }
  const alone = median(rates.get(0)!);
  for (const pages of PAGES) {
    const rate = median(rates.get(pages)!);
    console.log(
      `${basename(config).padEnd(22)} ${pages} pages  ${rate.toFixed(1).padStart(9)} steps/s  ${
        (100 * (rate / alone - 1)).toFixed(1).padStart(6)
      } %  ${told.get(pages)!.toFixed(1)} values/s for each page`,
    );
  }
  await server[Symbol.asyncDispose]();
  await studio[Symbol.asyncDispose]();
  await Deno.remove(runs, { recursive: true });
}

if (import.meta.main) {
  const options = parseArgs(Deno.args, { string: ["watch", "pages", "seconds", "rounds"] });
  if (options.watch !== undefined) await watch(options.watch, Number(options.pages));
  else {
    await ensureEngine({ quiet: true });
    const configs = options._.length > 0 ? options._.map(String) : CONFIGS;
    for (const config of configs) {
      await measureConfig(config, Number(options.seconds ?? 3), Number(options.rounds ?? 5));
    }
  }
}
