/** `normalise` over a data set: the values of NumPy, and what it concluded kept for new files, resumes and imported sets. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../../../core/build/ensure.ts";
import { loadConfig } from "../../../../core/config/mod.ts";
import { importData } from "../../../../core/data/import.ts";
import { openData } from "../../../../core/data/open.ts";
import { parseFitted } from "../../../../core/data/fitted.ts";
import { prepareSteps, readSteps } from "../../../../core/data/steps/mod.ts";
import { UserError } from "../../../../core/errors.ts";
import { readNpy } from "../../../../core/formats/npy.ts";
import { run, temporary } from "../../../helpers/cli.ts";
import { npy } from "../../../helpers/npz.ts";

await ensureEngine({ quiet: true });

/** Two records of two channels with three samples; the second channel of the second one is constant. */
const VALUES = [1, 2, 4, 10, -20, 5, 0.5, -3, 8, 7, 7, 7];
/** `(x - x.mean()) / x.std()`, `x / abs(x).max()` and `(x - x.min()) / (x.max() - x.min())` of NumPy, over all axes. */
const BY_SET = {
  deviation: [
    ...[-0.1802148966229998, -0.04914951726081813, 0.21298124146354522, 0.9993735176366353, -2.932587863228815],
    ...[0.3440466208257269, -0.24574758630409066, -0.7044764140717266, 0.737242758912272, 0.6061773795500903],
    ...[0.6061773795500903, 0.6061773795500903],
  ],
  peak: [0.05, 0.1, 0.2, 0.5, -1.0, 0.25, 0.025, -0.15, 0.4, 0.35, 0.35, 0.35],
  range: [
    ...[0.7, 0.7333333333333333, 0.8, 1.0, 0.0, 0.8333333333333334, 0.6833333333333333, 0.5666666666666667],
    ...[0.9333333333333333, 0.9, 0.9, 0.9],
  ],
};
/** The same over axes 0 and 2: of each channel. */
const BY_CHANNEL = {
  deviation: [
    ...[-0.3213061309882356, -0.02471585622986432, 0.5684646932868783, 0.7160390103945313, -2.213211486674006],
    ...[0.22783059421644178, -0.4696012683674213, -1.5076672300217209, 1.7548257923203634, 0.4231139606876776],
    ...[0.4231139606876776, 0.4231139606876776],
  ],
  peak: [0.125, 0.25, 0.5, 0.5, -1.0, 0.25, 0.0625, -0.375, 1.0, 0.35, 0.35, 0.35],
  range: [
    ...[0.36363636363636365, 0.45454545454545453, 0.6363636363636364, 1.0, 0.0, 0.8333333333333334],
    ...[0.3181818181818182, 0.0, 1.0, 0.9, 0.9, 0.9],
  ],
};

function save(path: string, values: readonly number[], shape: string): void {
  Deno.writeFileSync(path, npy("<f4", shape, new Uint8Array(Float32Array.from(values).buffer)));
}

const configOf = (folder: string, path: string, steps: unknown, more: Record<string, unknown> = {}) => ({
  name: "normalise",
  data: {
    format: "numpy",
    path,
    reader: { axes: ["row", "channel", "sample"] },
    steps,
    split: { train: 1, validation: 0, test: 0, seed: 1 },
    batch_size: 2,
    ...more,
  },
  model: { encoder: [{ linear: 2 }], decoder: [{ linear: "output" }] },
  training: { epochs: 2 },
  paths: { runs: join(folder, "runs"), cache: join(folder, "cache") },
});

const open = (config: unknown, options = {}) =>
  openData(loadConfig({ text: JSON.stringify(config) }).config, null, options);

async function rowsOf(config: unknown, options = {}): Promise<number[]> {
  const { files } = await open(config, options);
  const all: number[] = [];
  for (const { path } of files) all.push(...(await readNpy(path)).data as Float32Array);
  return all;
}

Deno.test("normalise over a data set and over its channels has NumPy's values", async () => {
  for (const [per, expected] of [["data_set", BY_SET], ["channel", BY_CHANNEL]] as const) {
    for (const [by, values] of Object.entries(expected)) {
      using folder = temporary();
      const path = join(folder.path, "a.npy");
      save(path, VALUES, "2, 2, 3");
      const found = await rowsOf(configOf(folder.path, path, [{ normalise: { by, per } }]));
      assertEquals(found.length, values.length);
      values.forEach((value, i) =>
        assertAlmostEquals(found[i]!, value, 2e-7 * Math.max(1, Math.abs(value)), `${by} ${i}`)
      );
    }
  }
});

Deno.test("normalise: what is the same everywhere becomes 0, and other files stay finite", async () => {
  for (const by of ["deviation", "peak", "range"]) {
    using folder = temporary();
    const [path, other] = [join(folder.path, "a.npy"), join(folder.path, "b.npy")];
    save(path, [5, 5, 5, 1, 2, 3], "1, 2, 3");
    save(other, [6, 5, 4, 1, 2, 3], "1, 2, 3");
    const steps = [{ normalise: { by, per: "channel" } }];
    const { steps: fitted } = await open(configOf(folder.path, path, steps));
    assertEquals((await rowsOf(configOf(folder.path, path, steps))).slice(0, 3), [0, 0, 0]);
    const found = await rowsOf(configOf(folder.path, other, steps), { fitted });
    assertEquals(found.slice(0, 3), [1, 0, -1]);
    const record = prepareSteps(readSteps([{ normalise: by }]), { shape: [1, 3] });
    assertEquals([...record.run(Float32Array.of(5, 5, 5))], [0, 0, 0]);
    assert(Number.isNaN(record.run(Float32Array.of(5, NaN, 5))[1]!), "what is not a number does not become 0");
  }
});

Deno.test("normalise: concluded behind other steps, from the training files where the config lists parts", async () => {
  using folder = temporary();
  const files = join(folder.path, "files"), a = join(files, "a.npy"), b = join(files, "b.npy");
  Deno.mkdirSync(files);
  save(a, [1, 3, 5, 9], "1, 1, 4");
  save(b, [100, 300, 500, 900], "1, 1, 4");
  const steps = [{ window: 2 }, "remove_dc", { normalise: { by: "peak", per: "data_set" } }];
  const config = configOf(folder.path, files, steps, { split: { train: [a], validation: [b] } });
  // Behind window and remove_dc: -1 1, -2 2 and -100 100, -200 200.
  assertEquals(await rowsOf(config), [-0.5, 0.5, -1, 1, -50, 50, -100, 100]);
  // Where no parts are listed, all files count.
  const all = configOf(folder.path, files, steps);
  assertEquals(await rowsOf(all), [-0.005, 0.005, -0.01, 0.01, -0.5, 0.5, -1, 1].map(Math.fround));
});

Deno.test("normalise: a second start reads nothing again, and readonly refuses what was never concluded", async () => {
  using folder = temporary();
  const path = join(folder.path, "a.npy");
  save(path, VALUES, "2, 2, 3");
  const steps = [{ normalise: { per: "data_set" } }];
  const readonly = configOf(folder.path, path, steps, { cache: "readonly" });
  await assertRejects(() => open(readonly), UserError, "has not been through data.steps yet");
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);
  const first = await rowsOf(configOf(folder.path, path, steps), { note });
  assertStringIncludes(notes.join("\n"), "normalise: of 2 records: (value - 2.375) / 7.630");
  notes.length = 0;
  assertEquals(await rowsOf(readonly, { note }), first);
  assertEquals(notes.filter((text) => text.includes("normalise")), []);
  save(path, VALUES.map((value) => 2 * value + 1), "2, 2, 3");
  Deno.utimeSync(path, 1, 1);
  const again = await rowsOf(configOf(folder.path, path, steps), { note });
  again.forEach((value, i) => assertAlmostEquals(value, first[i]!, 1e-6));
  assertStringIncludes(notes.join("\n"), "(value - 5.750) / 15.26");
});

Deno.test("normalise: a value that is not finite, other channels and damaged conclusions are refused in one line", async () => {
  using folder = temporary();
  const path = join(folder.path, "a.npy");
  save(path, [1, 2, 3, 4, NaN, 6], "2, 1, 3");
  const steps = [{ normalise: { per: "channel" } }];
  const notFinite = await assertRejects(() => open(configOf(folder.path, path, steps)), UserError);
  assertStringIncludes(notFinite.message, "row 1, column 1: the value is NaN");
  await assertRejects(
    () => open(configOf(folder.path, path, [{ normalise: { per: "file" } }])),
    UserError,
    "data.steps.0.normalise.per",
  );
  save(path, VALUES, "2, 2, 3");
  const { steps: fitted } = await open(configOf(folder.path, path, steps));
  save(path, VALUES, "4, 1, 3");
  await assertRejects(
    () => open(configOf(folder.path, path, steps), { fitted }),
    UserError,
    "has the scales of 2 channels for records of 1",
  );
  const text = JSON.stringify(fitted);
  assertEquals(parseFitted(text, "steps.json"), fitted);
  for (
    const [from, to] of [[/"scale":[^}]*/, '"scale":0'], [/"fitted":.*/, '"fitted":null}]}'], [
      /normalise/,
      "scale_by",
    ]] as const
  ) {
    assertThrows(() => parseFitted(text.replace(from, to), "steps.json"), UserError, "is damaged");
  }
});

Deno.test("normalise: a run embeds new files by its own numbers, after a resume and from an imported set too", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  const env = { XDG_CACHE_HOME: at("caches") };
  const good = async (command: string, args: string[]) => {
    const { code, stderr } = await run(command, args, env);
    assertEquals(code, 0, stderr);
  };
  const wave = (seed: number, gain: number) =>
    Array.from({ length: 20 * 6 }, (_, i) => gain * (3 + Math.sin(seed + i * i)));
  save(at("a.npy"), wave(1, 1), "20, 2, 3");
  save(at("new.npy"), wave(2, 40), "20, 2, 3");
  const steps = [{ normalise: { per: "data_set" } }];
  const { paths: _, ...config } = configOf(folder.path, at("a.npy"), steps);
  Deno.writeTextFileSync(at("direct.yaml"), JSON.stringify(config));
  await importData(at("a.npy"), at("set"), { format: "numpy", settings: config.data.reader, steps });
  const ofSet = { path: at("set"), split: config.data.split, batch_size: 2 };
  Deno.writeTextFileSync(at("imported.yaml"), JSON.stringify({ ...config, data: ofSet }));
  const embedded: number[][] = [];
  for (const name of ["direct", "imported"]) {
    const given = [at(`${name}.yaml`), "--run-dir", at(name), "--no-report", "--resume", "auto"];
    for (const most of ["5", "null"]) await good("train", [...given, "--override", `training.max_steps=${most}`]);
    const { fitted } = parseFitted(Deno.readTextFileSync(join(at(name), "steps.json")), "").steps[0]!;
    assertAlmostEquals((fitted as { offset: number }[])[0]!.offset, 3, 0.2);
    const output = at(`${name}.npy`);
    await good("embed", ["--run", at(name), "--data", at("new.npy"), "--output", output, "--checkpoint", "latest"]);
    embedded.push([...(await readNpy(output)).data as Float32Array]);
  }
  assertEquals(embedded[1], embedded[0]);
  // By its own numbers the louder file would have the spread of the first one.
  const own = at("own.npy");
  await good("embed", ["--run", at("direct"), "--output", own, "--split", "all", "--checkpoint", "latest"]);
  const most = (values: readonly number[]) => Math.max(...values.map(Math.abs));
  assert(most(embedded[0]!) > 10 * most([...(await readNpy(own)).data as Float32Array]));
});
