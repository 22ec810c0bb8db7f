/** A session of many moves is an ordinary run: its journal repeats it to the bit, also where it was killed in the middle. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { isChange } from "../../core/runs/edits.ts";
import { readJournal } from "../../core/steer/journal.ts";
import { train } from "../../mod.ts";
import { command, temporary } from "../helpers/cli.ts";
import { lastWeights, openStudio, smallConfig } from "../helpers/studio.ts";

await ensureEngine({ quiet: true });

const TENSORS = { "encoder.0.weight": [8, 12], "decoder.0.weight": [8, 3], "decoder.0.bias": [8] } as const;
const DROPOUT = "model.encoder.3.dropout";
const LAYERS = ["encoder.0", "decoder.0", "decoder.2"];

/** Moves of every kind by numbers that follow from a seed, with questions between them. */
function moves(count: number, seed: number): Record<string, unknown>[] {
  let state = seed;
  const below = (n: number) => {
    state = (state * 69069 + 1) % 2 ** 31;
    return Math.floor(state / 2 ** 12) % n;
  };
  const all: Record<string, unknown>[] = [];
  let step = 0;
  while (all.filter(({ ask }) => ask === "command" || ask === "undo").length < count) {
    const kind = below(8);
    if (kind === 0) all.push(move({ do: "set", key: "optimizer.learning_rate", value: (1 + below(50)) / 10_000 }));
    else if (kind === 1) all.push(move({ do: "set", key: "data.batch_size", value: 8 + below(20) }));
    else if (kind === 2 && below(2) === 1) all.push(move({ do: "set", key: DROPOUT, value: below(10) / 20 }));
    else if (kind === 2) all.push(move({ do: "freeze", layer: LAYERS[below(3)], frozen: below(2) === 1 }));
    else if (kind === 3) {
      all.push({ ask: "row", of: { row: below(160) } }, { ask: "sheet", part: "train", from: 9, count: 4 });
    } else if (kind === 4) {
      all.push(
        [{ ask: "map", most: 20 }, jacobian, { ask: "watch", of: { row: below(160) }, per_second: 30 }][below(3)]!,
      );
    } else if (kind === 5) {
      const steps = 1 + below(5);
      all.push(move({ do: "continue", steps }), { wait: { step: step += steps } });
    } else {
      const [tensor, shape] = Object.entries(TENSORS)[below(3)]!;
      all.push(move({ do: "write", tensor, at: shape.map(below), value: below(2000) / 1000 - 1 }));
      // What has just changed a value can be taken back.
      if (kind === 7) all.push({ ask: "undo" });
    }
  }
  return all;
}

const jacobian = { ask: "jacobian", latent: [0.1, -0.2, 0.3], directions: 2 };
const move = (command: Record<string, unknown>) => ({ ask: "command", command });
const text = (lines: readonly unknown[]) => lines.map((line) => JSON.stringify(line)).join("\n");

Deno.test("studio: a session of 200 moves is repeated by its journal with the same weights to the bit", async () => {
  using folder = temporary();
  const config = smallConfig(folder.path, {
    training: { epochs: 1000, max_steps: 400 },
    // Layers that do something else in training, or remember something, must not notice that they are asked.
    model: {
      start: "random",
      encoder: [{ linear: 8 }, "batch_norm", "relu", { dropout: 0.2 }, { linear: 3 }],
      decoder: [{ linear: 8 }, "relu", { linear: "output" }],
    },
  });
  const { runScript } = await import("../../studio/script.ts");
  let run: string;
  {
    await using open = await openStudio({ config });
    run = open.run;
    const answers: string[] = [];
    const lines = [...moves(200, 7), move({ do: "continue" }), { wait: { phase: "ended" } }];
    assertEquals(
      await runScript(open.studio, "moves", text(lines), (line) => answers.push(line)),
      0,
      answers.join("\n"),
    );
    assertEquals(answers.length, lines.length);
  }
  const edits = await readJournal(join(run, "edits.jsonl"));
  assert(edits.length >= 200 && edits.filter(({ command }) => isChange(command)).length > 100);
  assert(new Set(edits.map(({ step }) => step)).size > 20, "edits of many steps");
  const again = await train({ config, replay: join(run, "edits.jsonl") });
  assertEquals(lastWeights(again.path), lastWeights(run));
  const plain = await train({ config });
  assert(String(lastWeights(plain.path)) !== String(lastWeights(run)), "the edits changed nothing");
});

Deno.test("studio: killed in the middle, resumed, and the rest of the moves made again: the same bits", async () => {
  using folder = temporary();
  const config = join(folder.path, "c.json");
  Deno.writeTextFileSync(
    config,
    JSON.stringify(smallConfig(folder.path, { training: { epochs: 1000, max_steps: 120 } })),
  );
  const path = (name: string) => join(folder.path, name);
  const script = (name: string, lines: readonly unknown[]) => {
    Deno.writeTextFileSync(path(name), text(lines));
    return ["--script", path(name)];
  };
  // The first half ends with a save, so that what is made after it is lost with the process.
  const half = [
    move({ do: "set", key: "optimizer.learning_rate", value: 0.004 }),
    move({ do: "continue", steps: 11 }),
    { wait: { step: 11 } },
    move({ do: "write", tensor: "encoder.0.weight", at: [1, 1], value: 0.6 }),
    move({ do: "freeze", layer: "encoder.2", frozen: true }),
  ];
  const lost = [move({ do: "continue", steps: 5 }), { wait: { step: 16 } }];
  // Each of these lines gives up after a moment; together they last longer than the test needs.
  const standing = Array.from({ length: 100 }, () => ({ wait: { step: 100_000 } }));
  const rest = [
    move({ do: "write", tensor: "decoder.0.bias", at: [3], value: -1 }),
    move({ do: "continue", steps: 20 }),
    { wait: { step: 31 } },
    move({ do: "freeze", layer: "encoder.2", frozen: false }),
    move({ do: "continue" }),
    { wait: { phase: "ended" } },
  ];
  // An export saves the present state and waits for the disk.
  const saved = { ask: "export", format: "npz" };
  const child = command("studio", [
    ...["--config", config, "--run-dir", path("killed")],
    ...script("first", [...half, saved, ...lost, ...standing]),
  ]).spawn();
  const edits = async () => (await readJournal(path("killed/edits.jsonl")).catch(() => [])).length;
  const steps = () => Deno.readTextFile(path("killed/steps.csv")).then((rows) => rows.split("\n").length, () => 0);
  for (let tried = 0; (await edits() < 6 || await steps() < 17) && tried < 2000; tried++) {
    await new Promise((done) => setTimeout(done, 10));
  }
  child.kill("SIGKILL");
  assertEquals((await child.output()).signal, "SIGKILL");
  const resumed = await command("studio", ["--run", path("killed"), ...script("rest", rest)]).output();
  assertEquals(resumed.code, 0, new TextDecoder().decode(resumed.stdout));
  const whole = await command("studio", [
    ...["--config", config, "--run-dir", path("whole")],
    ...script("all", [...half, ...rest]),
  ]).output();
  assertEquals(whole.code, 0, new TextDecoder().decode(whole.stdout));
  assertEquals(lastWeights(path("killed")), lastWeights(path("whole")));
});
