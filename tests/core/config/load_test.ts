/** What a config becomes: defaults, extends, overrides, file formats, paths, origins. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { ConfigError, loadConfig } from "../../../core/config/mod.ts";
import { allSettings } from "../../../core/config/sections.ts";
import { OPTIMIZERS } from "../../../core/config/vocabulary.ts";
import { UserError } from "../../../core/errors.ts";

const MODEL = "model: {encoder: [{linear: 8}], decoder: [{linear: output}]}\n";
const SMALL = `data: {path: chunks}\n${MODEL}`;

/** Writes files into a fresh folder and removes it afterwards. */
function withFiles(files: Readonly<Record<string, string | Uint8Array>>, body: (folder: string) => void): void {
  const folder = Deno.realPathSync(Deno.makeTempDirSync());
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      Deno.mkdirSync(join(path, ".."), { recursive: true });
      Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    }
    body(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function refused(body: () => unknown): string {
  return assertThrows(body, ConfigError).message;
}

Deno.test("everything but data and model has a default", () => {
  const { config, files } = loadConfig({ text: SMALL, file: "my run.yaml", cwd: "/w" });
  assertEquals(files, []);
  assertEquals(config, {
    name: "my-run",
    title: null,
    description: null,
    seed: 0,
    data: {
      format: "auto",
      path: "/w/chunks",
      member: null,
      reader: {},
      cache: "auto",
      shape: null,
      seed: 0,
      batch_size: 128,
      last_batch: "keep",
      shuffle: true,
      shuffle_window: Infinity,
      workers: 2,
      preload_batches: 8,
      split: { by: "rows", train: 0.8, validation: 0.1, test: 0.1, seed: 0 },
      steps: [],
      transforms: [],
      input_transforms: [],
      mask_rate: 0,
      labels: null,
      batch: null,
      row_weights: null,
      column_names: null,
    },
    model: {
      encoder: [{
        kind: "linear",
        size: 8,
        bias: true,
        init: "default",
        tied: false,
        solver: "auto",
        update: "least_squares",
        forgetting: "auto",
        ridge: "auto",
        free: 0,
      }],
      decoder: [{
        kind: "linear",
        size: "output",
        bias: true,
        init: "default",
        tied: false,
        solver: "auto",
        update: "least_squares",
        forgetting: "auto",
        ridge: "auto",
        free: 0,
      }],
      start: "auto",
    },
    loss: { kind: "mse", reduction: "mean" },
    optimizer: {
      name: "adam",
      learning_rate: 0.001,
      ...allSettings(OPTIMIZERS, "adam", {}),
      betas: [0.9, 0.999],
      eps: 1e-8,
      sparse: "exact",
    },
    scheduler: {
      name: "constant",
      warmup_steps: 0,
      step_epochs: 10,
      gamma: 0.1,
      min_learning_rate: 0,
      rise_share: 0.3,
      start_divisor: 25,
      end_divisor: 10000,
      patience: 5,
      threshold: 0.0001,
    },
    training: {
      epochs: Infinity,
      max_steps: null,
      precision: "f32",
      gradient_clip: null,
      early_stopping: { patience: null, min_delta: 0 },
      replicas: null,
    },
    checkpoint: { every_steps: 0, every_epochs: null, max_share: 0.05, every_minutes: 10, keep: 3, best: true },
    logging: {
      every_steps: 1,
      sinks: ["csv"],
      group: null,
      tags: [],
      wandb: { mode: null, project: null, entity: null },
    },
    diagnostics: {
      every_epochs: 0,
      max_rows: 2000,
      columns: 12,
      kinds: "auto",
      latent: { columns: 4 },
      rows: { rows: 3 },
      neighbours: { neighbours: 10 },
      network: { row: null, connections: 120 },
      row_errors: { normal: null },
      traversal: { units: 8, steps: 7, columns: 10 },
      jacobian: { points: 4, directions: 3, columns: 8 },
      umap: { min_distance: 0.1, neighbours: 15, rows: 1000, seed: 0 },
      weights: { filters: 16 },
    },
    evaluation: { max_rows: 20_000, validation_max_rows: null, test_max_rows: null, pca: true },
    runtime: { device: "auto", threads: 0, memory_gb: 0 },
    paths: { runs: "/w/runs", cache: null, output: null },
  });
});

Deno.test("layers and transforms in all their forms", () => {
  const encoder =
    "[{linear: 9, bias: false, init: {normal: 0.02}}, relu, leaky_relu, {leaky_relu: 0.2}, elu, {elu: 2}, " +
    "{dropout: 0.1}, layer_norm, {layer_norm: 1e-3}, batch_norm, {batch_norm: 1e-4, momentum: 0.2}, gelu, silu, tanh, sigmoid]";
  const transforms = "[{library_size: 1e4}, log1p, {scale: 0.1}, {clip: [-1, 10]}, binarize, {binarize: 0.5}]";
  const text =
    `data: {path: x, transforms: ${transforms}}\nmodel: {encoder: ${encoder}, decoder: [{linear: output, tied: true, solver: dense}]}`;
  const { config } = loadConfig({ text, cwd: "/w" });
  assertEquals(config.model.encoder, [
    {
      kind: "linear",
      size: 9,
      bias: false,
      init: { normal: 0.02 },
      tied: false,
      solver: "auto",
      update: "least_squares",
      forgetting: "auto",
      ridge: "auto",
      free: 0,
    },
    { kind: "relu" },
    { kind: "leaky_relu", slope: 0.01 },
    { kind: "leaky_relu", slope: 0.2 },
    { kind: "elu", alpha: 1 },
    { kind: "elu", alpha: 2 },
    { kind: "dropout", rate: 0.1 },
    { kind: "layer_norm", eps: 1e-5 },
    { kind: "layer_norm", eps: 1e-3 },
    { kind: "batch_norm", eps: 1e-5, momentum: 0.1 },
    { kind: "batch_norm", eps: 1e-4, momentum: 0.2 },
    { kind: "gelu" },
    { kind: "silu" },
    { kind: "tanh" },
    { kind: "sigmoid" },
  ]);
  assertEquals(config.model.decoder, [
    {
      kind: "linear",
      size: "output",
      bias: true,
      init: "default",
      tied: true,
      solver: "dense",
      update: "least_squares",
      forgetting: "auto",
      ridge: "auto",
      free: 0,
    },
  ]);
  assertEquals(config.data.transforms, [
    { kind: "library_size", target: 10000 },
    { kind: "log1p" },
    { kind: "scale", factor: 0.1 },
    { kind: "clip", min: -1, max: 10 },
    { kind: "binarize", threshold: 0 },
    { kind: "binarize", threshold: 0.5 },
  ]);
});

Deno.test("shares that are not given are filled up to 1", () => {
  const shares = (split: string) => {
    const result =
      loadConfig({ text: `seed: 5\ndata: {path: x, split: ${split}}\n${MODEL}`, cwd: "/w" }).config.data.split;
    assert(result.by === "rows");
    return [result.train, result.validation, result.test, result.seed];
  };
  assertEquals(shares("{}"), [0.8, 0.1, 0.1, 5]);
  assertEquals(shares(""), [0.8, 0.1, 0.1, 5]);
  assertEquals(shares("{train: 0.7, seed: 9}"), [0.7, 0.1, 0.2, 9]);
  assertEquals(shares("{train: 0.95}"), [0.95, 0.05, 0, 5]);
  assertEquals(shares("{train: 0.6, validation: 0.3}"), [0.6, 0.3, 0.1, 5]);
  assertEquals(shares("{train: 0.6, test: 0.3}"), [0.6, 0.1, 0.3, 5]);
  assertEquals(shares("{validation: 0.2}"), [0.7, 0.2, 0.1, 5]);
  assertEquals(shares("{test: 0}"), [0.9, 0.1, 0, 5]);
  assertEquals(shares("{train: 1}"), [1, 0, 0, 5]);
  assertEquals(shares("{train: 0.34, validation: 0.33, test: 0.33}"), [0.34, 0.33, 0.33, 5]);
});

Deno.test("listed files make a split, and then data.path may be left out", () => {
  const text = `data: {split: {train: [a.npz, "b*.npz"], test: /d/c.npz}}\n${MODEL}`;
  const { config } = loadConfig({ text, cwd: "/w" });
  assertEquals(config.data.split, {
    by: "files",
    train: ["/w/a.npz", "/w/b*.npz"],
    validation: [],
    test: ["/d/c.npz"],
  });
  assertEquals(config.data.path, "");
});

Deno.test("extends merges maps, replaces lists, and each value knows its file", () => {
  withFiles({
    "configs/base.yaml": `${SMALL}training: {epochs: 7, gradient_clip: 1}\npaths: {runs: out}\n`,
    "configs/more.json": '{"optimizer": {"learning_rate": 0.5},\n "training": {"epochs": 8}}',
    "configs/sub/child.yaml":
      "extends:\n  - ../base.yaml\n  - ../more.json\ntraining:\n  gradient_clip: null\nmodel:\n  encoder: [{linear: 3}]\n",
  }, (folder) => {
    const overrides = ["data.labels=l.npy", "optimizer.betas=[0.1, 0.2]"];
    const loaded = loadConfig({ file: "configs/sub/child.yaml", overrides, cwd: folder });
    const { config } = loaded;
    assertEquals(config.training.epochs, 8);
    assertEquals(config.training.gradient_clip, null);
    assertEquals(config.model.encoder.length, 1);
    assertEquals(config.optimizer.betas, [0.1, 0.2]);
    assertEquals(config.name, "child");
    assertEquals(config.data.path, join(folder, "configs/chunks"));
    assertEquals(config.paths.runs, join(folder, "configs/out"));
    assertEquals(config.data.labels, join(folder, "l.npy"));
    assertEquals(
      loaded.files,
      ["sub/child.yaml", "base.yaml", "more.json"].map((name) => join(folder, "configs", name)),
    );
    assertEquals(loaded.origin("training.gradient_clip"), "configs/sub/child.yaml:5:18");
    assertEquals(loaded.origin("training.epochs"), "configs/more.json:2:25");
    assertEquals(loaded.origin("data.path"), "configs/base.yaml:1:14");
    assertEquals(loaded.origin("model.encoder.0.linear"), "configs/sub/child.yaml:7:22");
    assertEquals(loaded.origin("data.labels"), "--override data.labels=l.npy");
    assertEquals(loaded.origin("training.max_steps"), "default");
  });
});

Deno.test("extends in a circle, to nowhere or too deep is refused with the chain", () => {
  const chain = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`d${i}.yaml`, `extends: d${i + 1}.yaml\n${SMALL}`]),
  );
  withFiles({
    ...chain,
    "a.yaml": "extends: b.yaml",
    "b.yaml": "seed: 1\nextends: a.yaml",
    "c.yaml": "extends: no.yaml",
    "e.yaml": "extends: 3",
  }, (cwd) => {
    assertEquals(
      refused(() => loadConfig({ file: "a.yaml", cwd })),
      "b.yaml:2:10: extends goes round in a circle: a.yaml -> b.yaml -> a.yaml",
    );
    assertEquals(
      refused(() => loadConfig({ file: "c.yaml", cwd })),
      `c.yaml:1:10: extends no.yaml: no such config file: looked for ${cwd}/no.yaml`,
    );
    assertEquals(
      refused(() => loadConfig({ file: "e.yaml", cwd })),
      "e.yaml:1:10: extends must be a path or a list of paths",
    );
    assert(
      refused(() => loadConfig({ file: "d0.yaml", cwd })).startsWith(
        "d15.yaml:1:10: extends goes over more than 16 files: d0.yaml -> d1",
      ),
    );
  });
});

Deno.test("files that are no config are refused in one line", () => {
  withFiles({
    "binary.yaml": new Uint8Array([80, 75, 3, 4, 0, 0]),
    "latin1.yaml": new Uint8Array([35, 10, 97, 58, 32, 0xe9]),
    "utf16.yaml": new Uint8Array([0xff, 0xfe, 97, 0, 58, 0]),
    "nul.yaml": new TextEncoder().encode("seed: 1\nname: a\0b"),
    "noise.yaml": new Uint8Array([7, 0, 9, 0xff]),
    "large.yaml": new Uint8Array(4 * 1024 * 1024 + 1).fill(35),
    "folder/x": "",
    "folder/b.yaml": "",
    "toml.toml": '# t\n[data]\npath = "x"\n',
    "extends.yaml": "extends: binary.yaml",
  }, (cwd) => {
    const message = (file: string) => refused(() => loadConfig({ file, cwd }));
    assertEquals(message("none.yaml"), `none.yaml: no such config file: looked for ${cwd}/none.yaml`);
    assertEquals(message("folder"), "folder: is a folder, not a config file");
    assertEquals(message("folder/x/y.yaml"), `folder/x/y.yaml: no such config file: looked for ${cwd}/folder/x/y.yaml`);
    assertEquals(message("binary.yaml"), "binary.yaml: is a zip archive that is cut short, not a config");
    assertEquals(
      message("extends.yaml"),
      "extends.yaml:1:10: extends binary.yaml: is a zip archive that is cut short, not a config",
    );
    assertEquals(message("latin1.yaml"), "latin1.yaml:2:4: the byte 0xe9 is not UTF-8 text");
    assertEquals(message("utf16.yaml"), "utf16.yaml:1:1: the text is UTF-16");
    assertEquals(message("nul.yaml"), "nul.yaml:2:8: the text holds a NUL byte");
    assertEquals(message("noise.yaml"), "noise.yaml: is not text: the text holds a NUL byte");
    assertEquals(
      message("toml.toml"),
      "toml.toml:2:1: this is TOML or INI; a config is YAML, JSON or lines of key=value",
    );
    const hint = (file: string) => assertThrows(() => loadConfig({ file, cwd }), ConfigError).hint;
    assertEquals(hint("folder"), "it holds b.yaml");
    assertEquals(hint("toml.toml"), 'in YAML: data: {path: "x"}');
    assertEquals(hint("latin1.yaml"), "save the file as UTF-8");
    assertEquals(message("large.yaml"), "large.yaml: the config file is larger than 4 MB");
    assertEquals(message(""), "the name of the config file is empty");
  });
});

Deno.test("the same config as YAML, JSON and KEY=VALUE lines", () => {
  const yaml = loadConfig({
    text: `seed: 4\n${SMALL}training: {epochs: 2, max_steps: null, early_stopping: {patience: 3}}`,
    file: "same.yaml",
    cwd: "/w",
  });
  const json = {
    seed: 4,
    data: { path: "chunks" },
    model: { encoder: [{ linear: 8 }], decoder: [{ linear: "output" }] },
    training: { epochs: 2, max_steps: null, early_stopping: { patience: 3 } },
  };
  const lines = `# comment\nseed = 4\r\nexport data.path="chunks"  # where\n\nmodel.encoder=[{linear: 8}]\n` +
    "model.decoder=[{linear: output}]\ntraining.epochs=2\ntraining.max_steps=\ntraining.early_stopping={patience: 3}\n";
  for (
    const [file, text] of [
      ["same.json", JSON.stringify(json)],
      ["same.json", JSON.stringify(json, null, "\t")],
      ["same.json", `\ufeff${JSON.stringify(json, null, 2)}`],
      ["same.env", lines],
      ["same", lines],
      ["same.unknown", lines],
    ] as const
  ) {
    assertEquals(loadConfig({ text, file, cwd: "/w" }).config, yaml.config, file);
  }
  const bytes = "seed: 4 # a=b\n" + SMALL;
  assertEquals(loadConfig({ text: bytes, file: "same.unknown", cwd: "/w" }).config.seed, 4);
});

Deno.test("overrides are typed as YAML, reach into lists, and the last wins", () => {
  const text =
    `data: {path: x}\ntraining: {gradient_clip: 1}\nmodel:\n  encoder: [{linear: 8}, leaky_relu, relu, {linear: 4}]\n  decoder: [{linear: output}]\n`;
  const overrides = [
    "training.epochs=3",
    "training.epochs=4",
    "training.gradient_clip=null",
    "model.encoder.0.linear=128",
    "model.encoder.0.bias=false",
    "model.encoder.1.leaky_relu=0.3",
    "model.encoder.2=gelu",
    "model.decoder=[{linear: 8}, relu, {linear: output}]",
    "data.split.train=0.7",
    "data.shuffle=false",
    "name=a-b",
    "data.transforms=[log1p]",
  ];
  const { config, origin, explain } = loadConfig({ text, overrides, cwd: "/w" });
  assertEquals(config.training.epochs, 4);
  assertEquals(config.training.gradient_clip, null);
  assertEquals(config.model.encoder.slice(0, 3), [
    {
      kind: "linear",
      size: 128,
      bias: false,
      init: "default",
      tied: false,
      solver: "auto",
      update: "least_squares",
      forgetting: "auto",
      ridge: "auto",
      free: 0,
    },
    { kind: "leaky_relu", slope: 0.3 },
    { kind: "gelu" },
  ]);
  assertEquals(config.model.decoder.length, 3);
  assertEquals(config.data.split, { by: "rows", train: 0.7, validation: 0.1, test: 0.2, seed: 0 });
  assertEquals(config.data.shuffle, false);
  assertEquals(config.name, "a-b");
  assertEquals(config.data.transforms, [{ kind: "log1p" }]);
  assertEquals(origin("training.epochs"), "--override training.epochs=4");
  assertEquals(explain("model.encoder.0.bias").origin, "--override model.encoder.0.bias=false");
});

Deno.test("explain says value, setter, type, bounds, default and meaning", () => {
  const { explain } = loadConfig({ text: `${SMALL}training:\n  epochs: 9\n`, file: "a.yaml", cwd: "/w" });
  assertEquals(explain("training.epochs"), {
    key: "training.epochs",
    value: 9,
    origin: "a.yaml:4:11",
    type: "whole number or text",
    allowed: "a whole number from 1 to 1000000, or auto",
    default: "auto",
    description:
      "number of passes over the training rows; auto: as many as make 4,000 steps, but from 3 to 1,000, which is " +
      "said at the start",
    resume: "may change",
    below: [],
  });
  assertEquals(explain("training").below.map(({ key }) => key), [
    "training.epochs",
    "training.max_steps",
    "training.precision",
    "training.gradient_clip",
    "training.early_stopping",
    "training.replicas",
  ]);
  assertEquals(explain("training").origin, "a.yaml:3:1");
  assertEquals(explain("training.early_stopping").below[1]?.key, "training.early_stopping.min_delta");
  assertEquals(explain("data.path").value, "/w/chunks");
  assertEquals(explain("model.encoder.0.init").value, "default");
  assertEquals(explain("").below.length, 17 - 1);
  assertEquals(refused(() => explain("training.epoch")), "unknown key training.epoch; did you mean training.epochs?");
  assertEquals(refused(() => explain("model.encoder.7")), "unknown key model.encoder.7");
  assertEquals(refused(() => explain("training.epochs.x")), "unknown key training.epochs.x");
});

Deno.test("an error that names a key is told with the place where the key was set", () => {
  const text = `${SMALL}checkpoint: {keep: 2}\n`;
  const { locate } = loadConfig({ text, file: "a.yaml", cwd: "/w", overrides: ["data.last_batch=drop"] });
  const lineOf = (where: string) => {
    const error = locate(new UserError(where, "is wrong", "do this", 1)) as UserError;
    return [error.message, error.hint, error.exitCode];
  };
  assertEquals(lineOf("checkpoint.keep"), ["a.yaml:3:20: checkpoint.keep: is wrong", "do this", 1]);
  assertEquals(lineOf("data.last_batch"), [
    "--override data.last_batch=drop: data.last_batch: is wrong",
    "do this",
    1,
  ]);
  assertEquals(lineOf("data.workers"), ["data.workers: is wrong", "do this", 1]);
  // Of the network, what is nearest: a layer's default has no place of its own.
  assertEquals(lineOf("model.encoder.0.linear")[0], "a.yaml:2:28: model.encoder.0.linear: is wrong");
  assertEquals(lineOf("model.encoder.0.bias")[0], "a.yaml:2:19: model.encoder.0.bias: is wrong");
  assertEquals(lineOf("model.decoder")[0], "a.yaml:2:33: model.decoder: is wrong");
  assertEquals(lineOf("loss.delta")[0], "loss.delta: is wrong");
  for (const where of ["", "a.yaml:1:1", "/w/data.npz"]) {
    assertEquals(lineOf(where)[0], where ? `${where}: is wrong` : "is wrong");
  }
  const other = new TypeError("x");
  assertEquals(locate(other), other);
});

Deno.test("names of files become names of runs that a folder can have", () => {
  const nameOf = (file: string) => loadConfig({ text: SMALL, file, cwd: "/w" }).config.name;
  assertEquals(nameOf("configs/pbmc3k.yaml"), "pbmc3k");
  assertEquals(nameOf("configs/a.b.yaml"), "a.b");
  assertEquals(nameOf("configs/.yaml"), "run");
  assertEquals(nameOf(`${"x".repeat(80)}.yaml`), "x".repeat(64));
  assertEquals(loadConfig({ text: SMALL, cwd: "/w" }).config.name, "run");
});

Deno.test("a resolved config with an output layer inside another layer can be loaded again", () => {
  const text = SMALL.replace("[{linear: output}]", "[{contractive: [{linear: output}]}, {linear: output}]");
  const first = loadConfig({ text });
  assertEquals(loadConfig({ text: first.toYaml() }).config.model, first.config.model);
});
