/** Runs with networks of neurons: killed and resumed, divided into parts by anyone, without the files that they began with. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { metis, metisText, runMetis } from "../../core/graphs/metis.ts";
import { acquireLock } from "../../core/runs/lock.ts";
import { loadRunConfig } from "../../core/config/mod.ts";
import { engine } from "../../ffi/library.ts";
import { EngineError } from "../../ffi/error.ts";
import { assertThrows } from "@std/assert";
import { graphEdges, partitionGraph } from "../../ffi/graph.ts";
import { command, run, temporary } from "../helpers/cli.ts";
import { DENSE_CONFIG, denseProject, fingerprintOf } from "../helpers/small_run.ts";

engine(); // the library stays open: not a leak of the test that is first

const QUIET = ["--quiet", "--no-report", "--override", "scheduler.name=constant"];

/** Both kinds, with bounds of every kind between their layers. */
const NETWORKS = {
  layers: {
    encoder: "[{neuron_layers: 5, shapes: [[4, 6], [2, 3]], rounds: 4, next: 3, feedback: all}]",
    decoder: "[{neuron_layers: output, shapes: [[3, 4]], rounds: 3, input: all, output: 6}]",
  },
  graph: {
    encoder: "[{neuron_graph: 5, neurons: 90, rounds: 4, reach: 8, far: 0.1, fan_in: 6}]",
    decoder: "[{neuron_graph: output, neurons: 90, rounds: 3, edges: edges.csv, input_fan_in: 4, activation: sigmoid}]",
  },
};

/** A ring in which each neuron takes values of its next neighbours, and of a few others. */
const ringOf = (neurons: number) =>
  Array.from(
    { length: neurons },
    (_, n) => [1, 2, 3, ...n % 10 === 0 ? [37] : []].map((step) => `${(n + step) % neurons},${n}`).join("\n"),
  ).join("\n");

function project(folder: string, { encoder, decoder }: { encoder: string; decoder: string }): string {
  Deno.writeTextFileSync(join(folder, "edges.csv"), `source,target\n${ringOf(90)}\n`);
  const config = DENSE_CONFIG.replace("path: rows", "path: rows\n  shape: [4, 6]")
    .replace(/encoder: .*/, `encoder: ${encoder}`).replace(/decoder: .*/, `decoder: ${decoder}`);
  return denseProject(folder, config);
}

const set = (...texts: string[]) => texts.flatMap((text) => ["--override", text]);

async function train(...args: readonly string[]): Promise<string> {
  const { code, stderr } = await run("train", [...args, ...QUIET]);
  assertEquals(code, 0, stderr);
  return stderr;
}

const latest = (path: string) => {
  try {
    return Number(Deno.readTextFileSync(join(path, "checkpoints", "latest")).trim().slice("step-".length));
  } catch {
    return 0;
  }
};

for (const [name, layers] of Object.entries(NETWORKS)) {
  Deno.test(`neurons, ${name}: killed, resumed with other threads, a run ends with the bits of one without`, async () => {
    using folder = temporary();
    const config = project(folder.path, layers);
    const longer = set("training.epochs=60");
    const straight = join(folder.path, "straight"), killed = join(folder.path, "killed");
    await train(config, "--run-dir", straight, ...longer, ...set("runtime.threads=2"));
    const child = command("train", [config, "--run-dir", killed, ...QUIET, ...longer, ...set("runtime.threads=1")])
      .spawn();
    const deadline = performance.now() + 60_000;
    while (latest(killed) < 20 && performance.now() < deadline) await new Promise((r) => setTimeout(r, 2));
    child.kill("SIGKILL");
    const { signal, stderr } = await child.output();
    assertEquals(signal, "SIGKILL", new TextDecoder().decode(stderr));
    assert(latest(killed) > 0 && latest(killed) < 60 * 16);
    await train("--resume", killed, ...set("runtime.threads=3"));
    assertEquals(fingerprintOf(killed), fingerprintOf(straight));
  });
}

Deno.test("neurons: parts, and what divides them, change no bit", async () => {
  using folder = temporary();
  const config = project(folder.path, NETWORKS.graph);
  Deno.writeTextFileSync(join(folder.path, "parts.txt"), Array.from({ length: 90 }, (_, n) => n * 7 % 3).join("\n"));
  const ways: Record<string, string[]> = {
    one: ["runtime.threads=1"],
    engine: ["model.encoder.0.partition=engine", "model.encoder.0.parts=4", "model.decoder.0.partition=engine"],
    auto: ["model.decoder.0.parts=3"],
    file: [`model.decoder.0.partition=${join(folder.path, "parts.txt")}`],
  };
  const found: Record<string, unknown> = {};
  for (const [name, overrides] of Object.entries(ways)) {
    const path = join(folder.path, name);
    await train(config, "--run-dir", path, ...set(...overrides));
    found[name] = fingerprintOf(path);
    assertEquals(found[name], found.one, name);
  }
  const told = (name: string) => JSON.parse(Deno.readTextFileSync(join(folder.path, name, "graphs.json")));
  assertEquals(told("one"), []);
  const [encoder, decoder] = told("engine");
  assertEquals([encoder.layer, encoder.by, encoder.sizes.length, encoder.connections], ["encoder.0", "engine", 4, 540]);
  assertEquals([decoder.layer, decoder.by, decoder.sizes.length, decoder.connections], ["decoder.0", "engine", 2, 279]);
  // A ring is cut in two places.
  assert(decoder.within >= 279 - 40, `${decoder.within} of 279 connections are within parts`);
  assertEquals(decoder.between.flat().reduce((sum: number, count: number) => sum + count), 279);
  assertEquals(told("file")[1].by, "file");
  assertEquals(told("file")[1].sizes, [30, 30, 30]);
  assertEquals(told("auto")[1].by, metis() === null ? "engine" : "METIS");
});

Deno.test("neurons: a run needs its list of connections no more, and can be moved", async () => {
  using folder = temporary();
  const config = project(folder.path, NETWORKS.graph);
  const first = join(folder.path, "first"), moved = join(folder.path, "moved");
  await train(config, "--run-dir", first, ...set("training.max_steps=20"));
  await train(config, "--run-dir", first, "--resume", "auto", ...set("training.max_steps=25"));
  // The same connections elsewhere are the same experiment; others are another one.
  Deno.renameSync(join(folder.path, "edges.csv"), join(folder.path, "other.csv"));
  const elsewhere = set(`model.decoder.0.edges=${join(folder.path, "other.csv")}`);
  await train("--config", config, "--resume", first, ...set("training.max_steps=26"), ...elsewhere);
  Deno.writeTextFileSync(join(folder.path, "other.csv"), ringOf(60));
  const other = await run("train", [config, "--resume", first, ...QUIET, ...elsewhere]);
  assertEquals(other.code, 2, other.stderr);
  assertStringIncludes(other.stderr, "a resume cannot change model.decoder.0.edges: ");
  Deno.removeSync(join(folder.path, "other.csv"));
  Deno.renameSync(first, moved);
  await train("--resume", moved, ...set("training.max_steps=30"));
  const embedded = await run("embed", [moved, "--output", join(folder.path, "latent.npy")]);
  assertEquals(embedded.code, 0, embedded.stderr);
  const exported = await run("export", [moved, "--output", join(folder.path, "model.onnx")]);
  assertEquals(exported.code, 0, exported.stderr);
  // A fork has copies of its own.
  const fork = join(folder.path, "fork");
  await train("--fork", moved, "--run-dir", fork, ...set("training.max_steps=40"));
  const kept = String(loadRunConfig(fork).config.model.decoder[0]!.edges);
  assert(kept.startsWith(join(fork, "graphs", "edges-")), kept);
  // What is kept is kept as it was.
  const copy = String(loadRunConfig(moved).config.model.decoder[0]!.edges);
  Deno.writeTextFileSync(copy, `${Deno.readTextFileSync(copy)}5,1\n`);
  for (
    const args of [["train", "--resume", moved], ["evaluate", moved], ["export", moved, "--output", "/tmp/none.onnx"]]
  ) {
    const { code, stderr } = await run(args[0]!, args.slice(1));
    assert(code !== 0);
    assertMatch(stderr, /edges-[0-9a-f]{16}\.txt: is not what the run has kept: its content has changed/);
  }
});

Deno.test("neurons: what is wrong with a list of connections is said with its line and the config's", async () => {
  using folder = temporary();
  const config = project(folder.path, NETWORKS.graph);
  const message = async (text: string | null) => {
    const path = join(folder.path, "edges.csv");
    if (text === null) Deno.removeSync(path);
    else Deno.writeTextFileSync(path, text);
    const runs = join(folder.path, "never");
    const { code, stderr } = await run("train", [config, "--run-dir", runs, ...QUIET]);
    assertEquals([code, stderr.trim().split("\n").length], [2, 1], stderr);
    assertThrows(() => Deno.statSync(runs), Deno.errors.NotFound);
    return stderr;
  };
  assertMatch(await message("0,1\n0,90\n"), /small\.yaml:\d+:\d+: .*edges.*line 2: the target must be below 90/);
  assertMatch(await message("hello\n"), /line 1 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT.*got hello/);
  assertMatch(await message(null), /small\.yaml:\d+:\d+: .*edges.*No such file/);
});

Deno.test("graphs: the connections of a layer, and its parts", async () => {
  const layer = { kind: "neuron_graph", size: 1, neurons: 3, rounds: 2, fan_in: 2 };
  assertEquals([...graphEdges(layer)], [1, 0, 2, 0, 0, 1, 2, 1, 0, 2, 1, 2]);
  assertEquals([...graphEdges({ ...layer, fan_in: 0 })], []);
  assertThrows(
    () => graphEdges({ kind: "linear", size: 3 }),
    EngineError,
    "layer.kind: must be neuron_graph, got linear",
  );
  assertThrows(() => graphEdges({ ...layer, neurons: 0 }), EngineError, "layer.neurons: must be ");
  const part = await partitionGraph(4, Uint32Array.of(0, 2, 2, 0, 1, 3, 0, 1), 2);
  assertEquals([part[0], part[1]], [part[2], part[3]]);
  assert(part[0] !== part[1]);
  assertEquals([...await partitionGraph(2, new Uint32Array(), 1)], [0, 0]);
});

Deno.test("graphs: METIS gets each edge once with its weight, and what it fails at is said", async () => {
  // 0 - 1 twice, 1 - 2, and a loop.
  const text = (vertices: number, pairs: Uint32Array) => [...metisText(vertices, pairs)];
  assertEquals(text(4, Uint32Array.of(0, 1, 1, 0, 2, 1, 3, 3)), ["4 2 001\n2 2\n1 2 3 1\n2 1\n\n"]);
  assertEquals(text(2, new Uint32Array()), ["2 0 001\n\n\n"]);
  // A ring, whose text comes in pieces: each line is whole.
  const ring = Uint32Array.from({ length: 40_000 }, (_, i) => (Math.floor(i / 2) + i % 2) % 20_000);
  const pieces = text(20_000, ring);
  assert(pieces.length > 2 && pieces.every((piece) => piece.endsWith("\n")));
  const lines = pieces.join("").split("\n");
  assertEquals([lines.length, lines[0], lines[1], lines[19_999]], [
    20_002,
    "20000 20000 001",
    "2 1 20000 1",
    "19998 1 20000 1",
  ]);
  const answer = await runMetis("/bin/false", 4, Uint32Array.of(0, 1), 2);
  assert("failed" in answer && answer.failed.startsWith("exit status 1"));
  const silent = await runMetis("/bin/true", 4, Uint32Array.of(0, 1), 2);
  assert("failed" in silent);
});

Deno.test({
  name: "graphs: METIS and the engine find the parts of a graph that has some",
  ignore: metis() === null,
  async fn() {
    // Two grids with one edge between them.
    const side = 12, pairs: number[] = [0, side * side];
    for (const first of [0, side * side]) {
      for (let at = 0; at < side * side; at++) {
        if (at % side > 0) pairs.push(first + at, first + at - 1);
        if (at >= side) pairs.push(first + at, first + at - side);
      }
    }
    const edges = Uint32Array.from(pairs), count = 2 * side * side;
    const cut = (part: Uint32Array) =>
      pairs.filter((_, i) => i % 2 === 0 && part[pairs[i]!] !== part[pairs[i + 1]!]).length;
    const answer = await runMetis(metis()!, count, edges, 2);
    assert("part" in answer);
    assertEquals(cut(answer.part), 1);
    assertEquals(cut(await partitionGraph(count, edges, 2)), 1);
  },
});

Deno.test("neurons: a resume with another list of connections changes nothing of a run that is in use", async () => {
  using folder = temporary();
  const config = project(folder.path, NETWORKS.graph), path = join(folder.path, "run");
  await train(config, "--run-dir", path, ...set("runtime.threads=2", "training.max_steps=3"));
  const kept = () =>
    ["graphs", "."].flatMap((below) =>
      [...Deno.readDirSync(join(path, below))].filter(({ isFile, name }) => isFile && name !== "run.lock")
        .map(({ name }) => [join(below, name), Deno.statSync(join(path, below, name)).mtime?.getTime()])
    ).sort();
  using _lock = await acquireLock(path);
  const before = kept();
  Deno.copyFileSync(join(folder.path, "edges.csv"), join(folder.path, "same.csv"));
  const other = set(`model.decoder.0.edges=${join(folder.path, "same.csv")}`, "runtime.threads=3");
  const { code, stderr } = await run("train", ["--resume", path, ...QUIET, ...other]);
  assertEquals(code, 2, stderr);
  assertStringIncludes(stderr, "is in use");
  assertEquals(kept(), before);
});
