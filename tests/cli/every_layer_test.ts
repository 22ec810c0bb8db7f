/** Networks that together hold every layer of the vocabulary: stopped in the middle of epochs and resumed, the same bits. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { LAYERS } from "../../core/config/vocabulary.ts";
import { run, temporary } from "../helpers/cli.ts";
import { chain, COLUMNS, type Form, kindsIn, SHAPES } from "../helpers/every_type.ts";
import { DENSE_COLUMNS, DENSE_CONFIG, DENSE_ROWS, denseProject, fingerprintOf } from "../helpers/small_run.ts";

const FORMS = Object.keys(SHAPES) as Form[];
const QUIET = ["--quiet", "--no-report", "--override", "scheduler.name=constant"];

Deno.test("every layer of the vocabulary is in one of the networks that are resumed", () => {
  assertEquals(DENSE_COLUMNS, COLUMNS);
  const held = new Set(FORMS.flatMap((form) => [...kindsIn(chain(form))]));
  assertEquals(LAYERS.map(({ name }) => name).filter((name) => !held.has(name)), []);
});

for (const form of FORMS) {
  Deno.test(`every layer of ${form} rows: resumed within epochs, with other threads, a run has the same bits`, async () => {
    using folder = temporary();
    const layers = chain(form);
    const needed = kindsIn(layers).has("covariate");
    const donors = Array.from({ length: 3 * DENSE_ROWS }, (_, row) => `donor ${row * 7 % 4}`);
    if (needed) Deno.writeTextFileSync(join(folder.path, "donors.txt"), donors.join("\n"));
    const list = (layers: readonly unknown[]) => JSON.stringify(layers);
    const config = denseProject(
      folder.path,
      DENSE_CONFIG.replace("path: rows", needed ? "path: rows\n  batch: donors.txt" : "path: rows")
        .replace(/encoder: .*/, `encoder: ${list([...layers, { linear: 6 }])}`)
        .replace(/decoder: .*/, `decoder: ${list([{ linear: 24 }, "relu", { linear: "output" }])}`),
    );
    const train = async (path: string, ...overrides: string[]) => {
      const set = overrides.flatMap((override) => ["--override", override]);
      const { code, stderr } = await run("train", [config, "--run-dir", path, "--resume", "auto", ...QUIET, ...set]);
      assertEquals(code, 0, stderr);
    };
    const straight = join(folder.path, "straight"), pieces = join(folder.path, "pieces");
    await train(straight, "runtime.threads=2");
    // An epoch has 16 steps.
    await train(pieces, "runtime.threads=1", "training.max_steps=7");
    await train(pieces, "runtime.threads=3", "training.max_steps=25");
    await train(pieces, "runtime.threads=2", "training.max_steps=null");
    assertEquals(fingerprintOf(pieces), fingerprintOf(straight));
  });
}
