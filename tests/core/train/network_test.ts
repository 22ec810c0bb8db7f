/** What is said of a network: the key of the config that the engine refuses, and the table of layers. */
import { assert, assertEquals } from "@std/assert";
import { loadConfig } from "../../../core/config/mod.ts";
import { layerRows } from "../../../core/train/network.ts";
import { NetworkError, networkError } from "../../../core/train/network_error.ts";
import { EngineError, type Status } from "../../../ffi/error.ts";
import type { LayerInfo } from "../../../ffi/model.ts";

const TEXT = `data: {path: x}
model:
  encoder: [{linear: 8}, relu, {linear: 4}]
  decoder: [{linear: output, bias: false}]
optimizer: {name: adam}
`;

Deno.test("network: an error of the engine is told with the place of the key in the config", () => {
  const loaded = loadConfig({ text: TEXT, file: "a.yaml", cwd: "/w", overrides: ["loss.reduction=sum"] });
  const told = (message: string, status: Status = "invalid_argument") => {
    const error = networkError(new EngineError(status, message), loaded.config.model);
    if (!(error instanceof NetworkError)) return null;
    assertEquals(error.exitCode, 2);
    return (loaded.locate(error) as Error).message;
  };
  assertEquals(told("encoder.2.size: must be 3, got 4"), "a.yaml:3:41: model.encoder.2.linear: must be 3, got 4");
  assertEquals(told("encoder.1: is wrong"), "a.yaml:3:26: model.encoder.1: is wrong");
  assertEquals(told("encoder.1.slope: is wrong"), "a.yaml:3:26: model.encoder.1.slope: is wrong");
  assertEquals(told("decoder.0.bias: is wrong"), "a.yaml:4:36: model.decoder.0.bias: is wrong");
  assertEquals(told("decoder.0.init.normal: a: b"), "a.yaml:4:13: model.decoder.0.init.normal: a: b");
  assertEquals(told("decoder: is wrong", "unsupported"), "a.yaml:4:3: model.decoder: is wrong");
  assertEquals(told("optimizer.betas: is wrong"), "a.yaml:5:1: optimizer.betas: is wrong");
  assertEquals(told("loss.reduction: is wrong"), "--override loss.reduction=sum: loss.reduction: is wrong");
  assertEquals(told("gradient_clip: is wrong"), "training.gradient_clip: is wrong");
  assertEquals([told("encoder.2.size: x", "io"), told("no path"), told("seed of it: x"), told("/a/b.so: x")], [
    ...[null, null, null, null],
  ]);
  const other = new TypeError("encoder.2.size: x");
  assertEquals(networkError(other, loaded.config.model), other);
});

Deno.test("network: an error within layers of a layer names those", () => {
  const inner = { kind: "linear", size: 3 };
  const encoder = [{ kind: "linear", size: 2, layers: [{ kind: "relu" }, inner] }];
  const error = networkError(new EngineError("invalid_argument", "encoder.0.layers.1.size: x"), {
    encoder,
    decoder: [],
    start: "random",
  });
  assert(error instanceof NetworkError);
  assertEquals(error.where, "model.encoder.0.layers.1.linear");
});

Deno.test("network: the table says what differs from the defaults, and shapes where there are any", () => {
  const { config } = loadConfig({ text: TEXT, cwd: "/w" });
  const [linear] = config.model.decoder;
  const row = (layer: Partial<LayerInfo> & Pick<LayerInfo, "settings">) => {
    const info: LayerInfo = {
      ...{ part: "decoder", index: 0, kind: "linear", input: [4], output: [6], inputs: 4, outputs: 6 },
      ...{ parameters: 24, solver: "dense", layers: [], past: null },
      ...layer,
    };
    return layerRows([info])[0]!;
  };
  const { kind: _, ...settings } = linear!;
  const plain = { ...settings, bias: true };
  assertEquals(row({ settings: plain }), {
    ...{ name: "decoder.0", kind: "linear", detail: "", inputs: 4, outputs: 6, parameters: 24 },
  });
  const detail = (layer: Partial<LayerInfo> & Pick<LayerInfo, "settings">) => row(layer).detail;
  assertEquals(detail({ settings, solver: "tile-fused" }), "tile-fused, no bias");
  assertEquals(detail({ settings: { ...plain, size: 6, tied: true, init: "zeros" } }), "init zeros, tied");
  assertEquals(detail({ settings: { ...plain, solver: "factored" }, solver: "factored" }), "factored");
  assertEquals(detail({ settings: { ...plain, bias: "column_means" } }), "bias column_means");
  assertEquals(detail({ settings: { ...plain, init: { normal: 0.02 } } }), "init {normal: 0.02}");
  assertEquals(detail({ kind: "leaky_relu", settings: { slope: 0.2 }, solver: "none" }), "slope 0.2");
  assertEquals(detail({ kind: "leaky_relu", settings: { slope: 0.01 }, solver: "none" }), "");
  assertEquals(detail({ kind: "dropout", settings: { rate: 0.1 }, solver: "none" }), "rate 0.1");
  const layers = [{ kind: "conv1d", size: 8 }, { kind: "gelu" }] as const;
  assertEquals(detail({ kind: "residual", settings: { layers }, solver: "none" }), "layers: conv1d → gelu");
  const shaped = row({ settings: plain, output: [2, 1, 3] });
  assertEquals([shaped.input_shape, shaped.output_shape, shaped.outputs], [undefined, [2, 1, 3], 6]);
});
