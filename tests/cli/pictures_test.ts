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

Deno.test("pictures in, pictures out: a key and its other name are not both set", async () => {
  using folder = temporary();
  const file = join(folder.path, "bars.conf");
  Deno.writeTextFileSync(file, `${CONFIG}data.path=in\n`);
  const { code, stderr } = await run("train", ["--config", file]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "bars.conf:2:1: paths.input is another name of data.path, and both are set");
});
