/** A folder of pictures in, a folder of pictures out, by a file of KEY=VALUE lines. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { Buffer } from "node:buffer";
import { PNG } from "pngjs";
import { pictureOf } from "../../core/formats/pictures/png_write.ts";
import { run, temporary } from "../helpers/cli.ts";

const SIDE = 8;

/** A bar of light that lies at `place`, in 8 x 8 pixels. */
const picture = (place: number) =>
  pictureOf(
    Float32Array.from({ length: SIDE * SIDE }, (_, i) => Math.abs(i % SIDE - place) < 2 ? 1 : 0),
    { channels: 1, height: SIDE, width: SIDE },
    [0, 1],
  );

const CONFIG = `# pictures in, pictures out
paths.input=in
paths.models=models
paths.output=out
paths.cache=cache
model.preset=image_autoencoder
model.latent=4
data.shape=[1, 8, 8]
data.batch_size=4
training.epochs=2
`;

Deno.test("pictures in, pictures out: a file of KEY=VALUE lines trains on a folder and writes the reconstructions", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  Deno.mkdirSync(at("in"));
  for (let i = 0; i < 20; i++) Deno.writeFileSync(at(`in/bar${String(i).padStart(2, "0")}.png`), picture(i % SIDE));
  Deno.writeTextFileSync(at("bars.conf"), CONFIG);
  const { code, stdout, stderr } = await run("train", ["--config", at("bars.conf"), "--no-report"]);
  assertEquals(code, 0, stderr);
  const [made] = [...Deno.readDirSync(at("models"))].map(({ name }) => name);
  assertStringIncludes(stdout, `out/${made}`);
  const out = [...Deno.readDirSync(at(`out/${made}`))].map(({ name }) => name).sort();
  assertEquals([out.length, out[0], out.at(-1)], [20, "bar00.png", "bar19.png"]);
  const { width, height } = PNG.sync.read(Buffer.from(Deno.readFileSync(at(`out/${made}/bar03.png`))));
  assertEquals([width, height], [SIDE, SIDE]);

  // One picture of one's own, without training.
  Deno.writeFileSync(at("mine.png"), picture(3));
  const own = await run("reconstruct", [
    at(`models/${made}`),
    "--data",
    at("mine.png"),
    "--output",
    at("mine_out.png"),
  ]);
  assertEquals(own.code, 0, own.stderr);
  assert(Deno.statSync(at("mine_out.png")).size > 0);
  const saved = Deno.readTextFileSync(at(`models/${made}/config.yaml`));
  assertStringIncludes(saved, `path: ${at("in")}`);
  assert(!saved.includes("input:") && !saved.includes("models: "), saved);
  assertEquals(basename(made!).startsWith("bars-"), true);
});

Deno.test("pictures in, pictures out: of several sizes the hints are what can be typed, with the size that data.shape says", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  Deno.mkdirSync(at("in"));
  const wide = pictureOf(new Float32Array(12 * 10), { channels: 1, height: 10, width: 12 }, [0, 1]);
  for (let i = 0; i < 12; i++) {
    Deno.writeFileSync(at(`in/bar${String(i).padStart(2, "0")}.png`), i % 2 ? picture(i % SIDE) : wide);
  }
  const config = at("bars.conf");
  Deno.writeTextFileSync(config, CONFIG);
  const refused = await run("train", ["--config", config, "--dry-run"]);
  assertEquals(refused.code, 2);
  const lines = ["data.reader.size=[8, 8]", "data.reader.fit=resize"];
  assertStringIncludes(refused.stderr, `hint: set ${lines.join(" and ")} (or cover, or crop)`);
  Deno.writeTextFileSync(config, `${CONFIG}${lines[0]}\n`);
  const unfitted = await run("train", ["--config", config, "--dry-run"]);
  assertStringIncludes(unfitted.stderr, "hint: set data.reader.fit=cover (or resize, or crop)");
  Deno.writeTextFileSync(config, `${CONFIG}${lines.join("\n")}\n`);
  const trained = await run("train", ["--config", config, "--no-report", "--quiet"]);
  assertEquals(trained.code, 0, trained.stderr);
});

Deno.test("pictures in, pictures out: a run takes a picture of another size as the hint says", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  Deno.mkdirSync(at("in"));
  for (let i = 0; i < 12; i++) Deno.writeFileSync(at(`in/bar${String(i).padStart(2, "0")}.png`), picture(i % SIDE));
  Deno.writeTextFileSync(at("bars.conf"), CONFIG.replace("paths.output=out\n", ""));
  const trained = await run("train", ["--config", at("bars.conf"), "--no-report", "--quiet", "--run-dir", at("run")]);
  assertEquals(trained.code, 0, trained.stderr);
  const other = pictureOf(new Float32Array(12 * 10), { channels: 1, height: 10, width: 12 }, [0, 1]);
  Deno.writeFileSync(at("mine.png"), other);
  const args = [at("run"), "--data", at("mine.png"), "--output", at("again.png")];
  const refused = await run("reconstruct", args);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "hint: add --override data.reader.fit=cover (or resize, or crop)");
  const done = await run("reconstruct", [...args, "--override", "data.reader.fit=cover"]);
  assertEquals(done.code, 0, done.stderr);
});

Deno.test("pictures in, pictures out: a key and its other name are not both set", async () => {
  using folder = temporary();
  const file = join(folder.path, "bars.conf");
  Deno.writeTextFileSync(file, `${CONFIG}data.path=in\n`);
  const { code, stderr } = await run("train", ["--config", file]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "bars.conf:2:1: paths.input is another name of data.path, and both are set");
});
