import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { loadConfig } from "../../../core/config/mod.ts";
import { ConfigError } from "../../../core/config/error.ts";
import { PRESETS } from "../../../core/config/presets.ts";
import { ownSettings } from "../../../core/config/sections.ts";
import { engine } from "../../../ffi/library.ts";
import { Model } from "../../../ffi/model.ts";

engine(); // the library stays open: not a leak of the test that is first

const load = (model: string, ...overrides: string[]) =>
  loadConfig({ file: "a.yaml", text: `data: {path: x}\nmodel: ${model}\n`, overrides, cwd: "/" });
const dense = (shape: string) => ["data.format=dense_npy", `data.shape=${shape}`];

function refusal(model: string, ...overrides: string[]): string {
  return assertThrows(() => load(model, ...overrides), ConfigError).message;
}

/** Shapes over which each preset goes. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  pca: ["", "[28]"],
  scvi: [""],
  dca: [""],
  sparse_autoencoder: ["", "[100]", "[1, 28, 28]"],
  cnn_autoencoder: ["[1408]", "[1, 1408]", "[2, 101]", "[4]"],
  image_autoencoder: ["[1, 28, 28]", "[3, 32, 32]", "[1, 9, 14]", "[8, 8]", "[1, 5, 4]"],
};

Deno.test("presets: the engine takes the layers of each, whatever the sizes, and gives back a row", () => {
  assertEquals(Object.keys(SHAPES).sort(), Object.keys(PRESETS).sort());
  for (const [preset, shapes] of Object.entries(SHAPES)) {
    for (const text of shapes) {
      for (const settings of ["", ", latent: 40", ...PRESETS[preset]!.settings.depth ? [", depth: 1, width: 3"] : []]) {
        const { config } = load(`{preset: ${preset}${settings}}`, ...text === "" ? [] : dense(text));
        const shape = text === "" ? undefined : JSON.parse(text) as number[];
        const columns = shape?.reduce((product, size) => product * size, 1) ?? 50;
        using model = Model.create({
          columns,
          ...shape === undefined ? {} : { shape },
          ...{ dense: shape !== undefined, seed: 1, threads: 1, encoder: config.model.encoder },
          ...{ decoder: config.model.decoder, loss: config.loss, optimizer: ownSettings(config.optimizer) },
        });
        const outputs = model.layers().at(-1)!.outputs;
        assertEquals(outputs % columns, 0, `${preset} over ${text}`);
      }
    }
  }
});

Deno.test("presets: the saved config has the layers and loads to the same config; explain tells the preset", () => {
  const loaded = load("{preset: scvi, latent: 20}");
  const { config } = loaded;
  assertEquals(config.model.encoder.at(-1)!.size, 20);
  assertEquals([config.loss.kind, config.loss.link], ["zero_inflated_negative_binomial", "softmax"]);
  assertEquals(config.data.input_transforms, [{ kind: "log1p" }]);
  const text = loaded.toYaml();
  assert(!text.includes("preset"), text);
  assertEquals(loadConfig({ file: "a.yaml", text, cwd: "/" }).config, config);
  const { value, origin } = loaded.explain("model.preset");
  assertEquals([value, origin], ["scvi", "a.yaml:2:17"]);
  assertEquals(loaded.explain("model.encoder").origin, "a.yaml:2:17");
  assertEquals(loaded.explain("model.latent").value, 20);
});

Deno.test("presets: what the config itself says wins", () => {
  const own = load("{preset: scvi}", "data.input_transforms=[]", "loss.size_scale=100").config;
  assertEquals([own.data.input_transforms, own.loss.size_scale, own.loss.link], [[], 100, "softmax"]);
  assertEquals(load("{preset: dca}", "loss.kind=mse").config.loss, { kind: "mse", reduction: "mean" });
  const set = load("{preset: sparse_autoencoder}", "model.latent=64", "model.active=4").config;
  assertEquals(set.model.encoder.map(({ kind, size, k }) => [kind, size, k]), [["sparse_code", 64, 4]]);
  assertEquals(set.model.decoder.map(({ kind, size }) => [kind, size]), [["dictionary", "output"]]);
});

Deno.test("presets: what does not fit is refused at its place", () => {
  assertStringIncludes(
    refusal("{preset: scvi, encoder: [relu]}"),
    "a.yaml:2:23: model.encoder cannot stand beside model.preset scvi",
  );
  assertStringIncludes(
    refusal("{preset: cnn_autoencoder}"),
    "a.yaml:2:17: model.preset cnn_autoencoder is for signals: data.shape [length] or [channels, length]; got no data.shape",
  );
  assertStringIncludes(refusal("{preset: scvi}", ...dense("[1, 28, 28]")), "got data.shape [1, 28, 28]");
  assertStringIncludes(
    refusal("{preset: image_autoencoder}", ...dense("[64]")),
    "model.preset image_autoencoder is for",
  );
  assertStringIncludes(
    refusal("{preset: scvi, active: 3}"),
    "model.active is for sparse_autoencoder, got model.preset scvi",
  );
  assertStringIncludes(
    refusal("{preset: image_autoencoder, depth: 4}", ...dense("[1, 8, 30]")),
    "model.depth 4 halves an axis of 8 places 4 times",
  );
  assertStringIncludes(refusal("{preset: sparse_autoencoder, latent: 8}"), "model.active 32 is more than");
  assertStringIncludes(refusal("{preset: scvy}"), "did you mean scvi?");
  assertStringIncludes(refusal("{preset: scvi, latent: 0}"), "model.latent must be");
  assertStringIncludes(
    refusal("{latent: 8, encoder: [relu], decoder: [relu]}"),
    "model.latent is for a preset, and model.preset is not set",
  );
});
