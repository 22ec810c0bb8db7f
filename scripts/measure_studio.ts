/**
 * Measures what pages cost training: steps a second with no page, one and three, in alternation. What is printed of pages is the mean
 * difference from the rate without any in the same round, and its 95 % interval over the rounds, since the speed of a machine that
 * others share may change more from one minute to the next. Pages are sockets of another process, which ask what an open page asks, as
 * often as it does, and read all that they are told. Then, with one page, how long the
 * weights of a neuron under the pointer take to come while training goes on.
 *
 *     deno run -A scripts/measure_studio.ts [--seconds 3] [--rounds 5] [CONFIG ...]
 */
import { parseArgs } from "@std/cli";
import { basename } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { mean, meanInterval, median } from "../core/analysis/statistics.ts";
import { unpack } from "../studio/frame.ts";
import { Pace } from "../studio/page/pace.ts";
import { valuesPerSecond } from "../studio/page/watch.ts";
import type { AskName, Asks, Message, Taken } from "../studio/protocol.ts";
import { serveStudio } from "../studio/server/serve.ts";
import { openingOf } from "../studio/session/opening.ts";
import { Studio } from "../studio/studio.ts";

const PAGES = [0, 1, 3];
const CONFIGS = ["configs/digits.yaml", "configs/digits_conv2d.yaml", "configs/quickstart.yaml"];

/** Seconds after which a page has asked what it asks once. */
const SETTLE_S = 1.5;

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** As the page does it: strongest weights drawn; points of losses and lines of the journal at the begin. */
const HOVERED_MOST = 4000, STRONGEST = 1000, POINTS_MOST = 2000, LINES = 500;

/** A page that shows a row, its network and the losses, and asks at the page's own pace (studio/page/pace.ts). */
class Page {
  told = 0;
  readonly #answered = new Map<number, (answer: unknown) => void>();
  readonly #pace = new Pace({
    isTraining: () => true,
    isHidden: () => false,
    pages: () => this.#pages,
    stood: () => this.#stood,
  });
  #id = 0;
  #links = 0;
  #pages = 1;
  #stood = 0;
  #perSecond = 0;

  constructor(readonly socket: WebSocket, readonly row: number) {
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#begin();
    socket.onmessage = ({ data }) => this.#take(unpack(data) as Message);
  }

  #ask<N extends AskName>(ask: N, asks: Asks[N]["asks"]): Promise<Asks[N]["answer"]> {
    const id = ++this.#id;
    this.socket.send(JSON.stringify({ id, ask, ...asks }));
    return new Promise((resolve) => this.#answered.set(id, resolve as (answer: unknown) => void));
  }

  async #begin(): Promise<void> {
    const { network, state } = await this.#ask("about", {});
    this.#links = network.links.length;
    await Promise.all([
      this.#watch(state.seconds.step),
      this.#ask("history", { most: POINTS_MOST }),
      this.#ask("journal", { last: LINES }),
      this.#ask("row", { of: { row: this.row } }),
    ]);
  }

  async #watch(stepS: number | null): Promise<void> {
    const per_second = valuesPerSecond(stepS, this.#perSecond);
    if (per_second === this.#perSecond) return;
    this.#perSecond = per_second;
    await this.#ask("watch", { of: { row: this.row }, per_second });
  }

  #take(message: Message): void {
    if ("id" in message) {
      this.#stood = message.stood;
      if ("error" in message) throw new Error(`${message.error.where}: ${message.error.what}`);
      this.#answered.get(message.id)?.(message.answer);
      this.#answered.delete(message.id);
    } else if (message.tell === "values") {
      this.told++;
      this.socket.send(JSON.stringify({ taken: "values" } satisfies Taken));
      this.#pace.want("row", () => this.#ask("row", { of: { row: this.row } }));
    } else if (message.tell === "steps") this.#pace.want("strongest", () => this.#strongest());
    else if (message.tell === "pages") this.#pages = message.value;
    else if (message.tell === "state") this.#watch(message.value.seconds.step);
  }

  /** What the page asks of the neuron under the pointer. @returns milliseconds until the answer */
  async hover(unit: number): Promise<number> {
    const begun = performance.now();
    await this.#ask("unit", { stage: 1, unit, most: HOVERED_MOST });
    return performance.now() - begun;
  }

  /** The strongest weights of each link. */
  #strongest(): Promise<unknown> {
    const most = Math.floor(STRONGEST / this.#links);
    return Promise.all(Array.from({ length: this.#links }, (_, link) => this.#ask("strongest", { link, most })));
  }
}

/** Neurons that are asked about, and milliseconds between two of them. */
const HOVERS = 30, HOVER_EVERY_MS = 200;

/** Opens pages, until standard input ends. Prints the number of values that they were told; with `hovers` the times of these. */
async function watch(url: string, count: number, hovers: number): Promise<void> {
  const { origin } = new URL(url);
  const pages = Array.from({ length: count }, (_, row) => {
    // deno-lint-ignore no-explicit-any -- headers of a WebSocket are Deno's own
    const socket: WebSocket = new (WebSocket as any)(`${url.replace("http", "ws")}socket`, { headers: { origin } });
    return new Page(socket, row);
  });
  console.log("ready");
  if (hovers > 0) {
    await pause(1000 * SETTLE_S);
    const times: number[] = [];
    for (let i = 0; i < hovers; i++) {
      times.push(await pages[0]!.hover(i % 8));
      await pause(HOVER_EVERY_MS);
    }
    console.log(JSON.stringify(times));
    Deno.exit(0);
  }
  await Deno.stdin.read(new Uint8Array(1));
  console.log(pages.reduce((sum, { told }) => sum + told, 0));
  Deno.exit(0);
}

async function stepsPerSecond(studio: Studio, seconds: number): Promise<number> {
  const from = await studio.state(), begun = performance.now();
  await pause(seconds * 1000);
  return ((await studio.state()).step - from.step) / (performance.now() - begun) * 1000;
}

async function opened(url: string, pages: number, hovers: number) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.filename!, "--watch", url, "--pages", `${pages}`, "--hovers", `${hovers}`],
    ...{ stdin: "piped", stdout: "piped" },
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  await reader.read();
  return { child, reader };
}

/** Milliseconds until the weights of each neuron are there, in order. */
async function hovered(url: string): Promise<number[]> {
  const { child, reader } = await opened(url, 1, HOVERS);
  const { value } = await reader.read();
  await child.stdin.close();
  await child.status;
  return (JSON.parse(value!) as number[]).sort((a, b) => a - b);
}

async function measured(studio: Studio, url: string, pages: number, seconds: number) {
  if (pages === 0) return { rate: await stepsPerSecond(studio, seconds), told: 0 };
  const { child, reader } = await opened(url, pages, 0);
  await pause(SETTLE_S * 1000);
  const rate = await stepsPerSecond(studio, seconds);
  await child.stdin.close();
  const { value } = await reader.read();
  await child.status;
  return { rate, told: Number(value) / pages / (seconds + SETTLE_S) };
}

/** By how many per cent rates are less than others of the same rounds. */
function lessText(rates: readonly number[], alone: readonly number[]): string {
  const less = rates.map((rate, round) => 100 * (1 - rate / alone[round]!));
  const middle = mean(less), [low, high] = meanInterval(less);
  return `${middle.toFixed(1)} % less (${low.toFixed(1)} to ${high.toFixed(1)})`;
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
  for (const pages of PAGES) {
    const rate = median(rates.get(pages)!);
    console.log(
      `${basename(config).padEnd(22)} ${pages} pages  ${rate.toFixed(1).padStart(9)} steps/s  ${
        pages === 0 ? "" : lessText(rates.get(pages)!, rates.get(0)!)
      }  ${told.get(pages)!.toFixed(1)} values/s for each page`,
    );
  }
  const times = await hovered(server.url);
  console.log(
    `${basename(config).padEnd(22)} a neuron's weights come after ${median(times).toFixed(1)} ms (median; longest ${
      times.at(-1)!.toFixed(1)
    } ms)`,
  );
  await server[Symbol.asyncDispose]();
  await studio[Symbol.asyncDispose]();
  await Deno.remove(runs, { recursive: true });
}

if (import.meta.main) {
  const options = parseArgs(Deno.args, { string: ["watch", "pages", "hovers", "seconds", "rounds"] });
  if (options.watch !== undefined) await watch(options.watch, Number(options.pages), Number(options.hovers));
  else {
    await ensureEngine({ quiet: true });
    const configs = options._.length > 0 ? options._.map(String) : CONFIGS;
    for (const config of configs) {
      await measureConfig(config, Number(options.seconds ?? 3), Number(options.rounds ?? 5));
    }
  }
}
