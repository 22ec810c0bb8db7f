/** Every rule of a config with the exact line that a user sees. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError, loadConfig } from "../../../core/config/mod.ts";
import { OPTIMIZERS } from "../../../core/config/vocabulary.ts";

/** A good config, one key a line, so that a case below can replace or add one line and know its number. */
const GOOD = `data:
  path: chunks
  batch_size: 64
model:
  encoder: [{linear: 32}, relu, {linear: 8}]
  decoder: [{linear: 32}, relu, {linear: output}]
optimizer:
  name: adam
training:
  epochs: 3
`;

/** The problems of a text or of overrides, one line each, hints left out. */
function linesOf(text: string, overrides: readonly string[] = [], file = "a.yaml"): string[] {
  const error = assertThrows(() => loadConfig({ file, text, overrides, cwd: "/nowhere" }), ConfigError);
  return error.problems.map(({ where, what }) => `${where}: ${what}`);
}

/** [the line of GOOD that is replaced, its new text, what must be said] */
const REPLACED: readonly (readonly [number, string, string])[] = [
  // Unknown keys.
  [3, "  batch_sise: 64", "a.yaml:3:3: unknown key data.batch_sise; did you mean data.batch_size?"],
  [3, "  batch-size: 64", "a.yaml:3:3: unknown key data.batch-size; did you mean data.batch_size?"],
  [3, "  bacth_size: 64", "a.yaml:3:3: unknown key data.bacth_size; did you mean data.batch_size?"],
  [8, "  lr: 0.1", "a.yaml:8:3: unknown key optimizer.lr; did you mean optimizer.learning_rate?"],
  [8, "  epochs: 4", "a.yaml:8:3: unknown key optimizer.epochs; did you mean training.epochs?"],
  [10, "  patience: 4", "a.yaml:10:3: unknown key training.patience; did you mean training.early_stopping.patience?"],
  [10, "  zzzz: 4", "a.yaml:10:3: unknown key training.zzzz"],
  [9, "trainin:", "a.yaml:9:1: unknown key trainin; did you mean training?"],
  [10, "epochs: 4", "a.yaml:10:1: unknown key epochs; did you mean training.epochs?"],
  [10, "path: 4", "a.yaml:10:1: unknown key path; did you mean data.path?"],
  [10, "lr: 4", "a.yaml:10:1: unknown key lr; did you mean optimizer.learning_rate?"],
  [10, "  __proto__: 4", "a.yaml:10:3: unknown key training.__proto__"],
  // Types and bounds.
  [10, "  epochs: 0", "a.yaml:10:11: training.epochs must be a whole number from 1 to 1000000, or auto, got 0"],
  [10, "  epochs: 1.5", "a.yaml:10:11: training.epochs must be a whole number from 1 to 1000000, or auto, got 1.5"],
  [10, '  epochs: "3"', 'a.yaml:10:11: training.epochs must be a whole number from 1 to 1000000, or auto, got "3"'],
  [
    10,
    "  epochs:",
    "a.yaml:10:3: training.epochs must be a whole number from 1 to 1000000, or auto, got nothing (null)",
  ],
  [
    10,
    "  epochs: [3]",
    "a.yaml:10:11: training.epochs must be a whole number from 1 to 1000000, or auto, got a list of 1",
  ],
  [10, "  epochs: .nan", "a.yaml:10:11: training.epochs must be a whole number from 1 to 1000000, or auto, got .nan"],
  [10, "  gradient_clip: -1", "a.yaml:10:18: training.gradient_clip must be a number above 0, or null, got -1"],
  [10, "  precision: f64", 'a.yaml:10:14: training.precision must be one of f32, bf16, got "f64"'],
  [8, "  learning_rate: -1", "a.yaml:8:18: optimizer.learning_rate must be a number above 0 and at most 1000, got -1"],
  [
    8,
    "  learning_rate: .inf",
    "a.yaml:8:18: optimizer.learning_rate must be a number above 0 and at most 1000, got .inf",
  ],
  [
    8,
    "  name: adm",
    `a.yaml:8:9: optimizer.name must be one of ${OPTIMIZERS.map(({ name }) => name).join(", ")}, got "adm"`,
  ],
  [8, "  betas: [0.9, 1]", "a.yaml:8:16: optimizer.betas.1 must be a number of at least 0 and below 1, got 1"],
  [
    8,
    "  betas: [0.9]",
    "a.yaml:8:10: optimizer.betas must be a list of 2: a number of at least 0 and below 1, a number of at least 0 and " +
    "below 1, got a list of 1",
  ],
  [8, "  nesterov: yes", 'a.yaml:8:13: optimizer.nesterov must be true or false, got "yes"'],
  [
    7,
    "seed: 1\nname: 3\noptimizer:",
    "a.yaml:8:7: name must be letters, digits, . _ - (at most 64, starting with a letter or digit), got 3",
  ],
  [
    7,
    "name: ../x\noptimizer:",
    'a.yaml:7:7: name must be letters, digits, . _ - (at most 64, starting with a letter or digit), got "../x"',
  ],
  [7, "seed: -1\noptimizer:", "a.yaml:7:7: seed must be a whole number of at least 0, got -1"],
  [7, "runtime: {device: cuda}\noptimizer:", 'a.yaml:7:19: runtime.device must be one of auto, cpu, got "cuda"'],
  [
    3,
    "  format: signal",
    'a.yaml:3:11: data.format must be one of auto, csr_npz, dense_npy, h5ad, 10x, loom, biom, mtx, sparse_npz, image, idx, wav, flac, wfdb, mat, hdf5, pickle, numpy, safetensors, binary, parquet, svmlight, csv, memory, got "signal"',
  ],
  [3, "  transforms: log1p", 'a.yaml:3:15: data.transforms must be a list of transforms, got "log1p"'],
  [2, "  path: 5", "a.yaml:2:9: data.path must be a path, got 5"],
  [2, "  workers: 2", "a.yaml:1:1: data.path is missing"],
  // Layers.
  [5, "  encoder: []", "a.yaml:5:12: model.encoder must be a list of one or more layers, got an empty list"],
  [5, "  encoder: relu", 'a.yaml:5:12: model.encoder must be a list of one or more layers, got "relu"'],
  [
    5,
    "  encoder: [{linear: 0}]",
    "a.yaml:5:22: model.encoder.0.linear must be a whole number from 1 to 16777216, or a list of 1 to 3 of them, or output, got 0",
  ],
  [5, "  encoder: [{linear: 4}, rellu]", 'a.yaml:5:26: model.encoder.1: unknown layer "rellu"; did you mean relu?'],
  [5, "  encoder: [{liner: 4}]", 'a.yaml:5:13: model.encoder.0: unknown layer "liner"; did you mean linear?'],
  [5, "  encoder: [{linear: 4}, linear]", "a.yaml:5:26: model.encoder.1: linear needs a value"],
  [5, "  encoder: [{linear: 4}, {relu: 1}]", "a.yaml:5:26: model.encoder.1: relu takes no value"],
  [5, "  encoder: [{linear: 4}, 7]", "a.yaml:5:26: model.encoder.1 must be a layer, got 7"],
  [5, "  encoder: [{linear: 4, bais: true}]", "a.yaml:5:25: unknown key model.encoder.0.bais; did you mean bias?"],
  [
    5,
    "  encoder: [{linear: 4, bias: 1}]",
    "a.yaml:5:31: model.encoder.0.bias must be true or false, or column_means, got 1",
  ],
  [
    5,
    "  encoder: [{linear: 4, init: xavier}]",
    "a.yaml:5:31: model.encoder.0.init must be one of default, kaiming_uniform, kaiming_normal, xavier_uniform, " +
    'xavier_normal, zeros, or {normal: 0.02}, got "xavier"',
  ],
  [
    5,
    "  encoder: [{linear: 4, init: {norml: 1}}]",
    "a.yaml:5:32: unknown key model.encoder.0.init.norml; did you mean normal?",
  ],
  [
    5,
    "  encoder: [{linear: 4, init: {normal: 0}}]",
    "a.yaml:5:40: model.encoder.0.init.normal must be a number above 0, got 0",
  ],
  [
    5,
    "  encoder: [{linear: 4}, {dropout: 1}]",
    "a.yaml:5:36: model.encoder.1.dropout must be a number of at least 0 and below 1, got 1",
  ],
  [4, "network:", "a.yaml:1:1: model is missing"],
  [6, "  # no decoder", "a.yaml:4:1: model.decoder is missing"],
  // Settings of a layer without effect: the rest the engine checks.
  [
    5,
    "  encoder: [{linear: 4, solver: auto}]",
    "a.yaml:5:33: model.encoder.0.solver is for the last decoder layer only, got auto",
  ],
  [
    5,
    "  encoder: [{linear: 4, update: sgd}]",
    "a.yaml:5:33: model.encoder.0.update is for the last decoder layer only, got sgd",
  ],
  [
    6,
    "  decoder: [{linear: output, solver: dense, update: sgd}]",
    "a.yaml:6:53: model.decoder.0.update is for solver: factored, got sgd",
  ],
  [
    6,
    "  decoder: [{linear: output, solver: factored, update: sgd, ridge: 0.1}]",
    "a.yaml:6:68: model.decoder.0.ridge is for update: least_squares, got 0.1",
  ],
  [
    6,
    "  decoder: [{linear: output, solver: factored, init: zeros}]",
    "a.yaml:6:54: model.decoder.0.init has no effect, because least squares needs no starting weights",
  ],
  [
    6,
    "  decoder: [{linear: output, solver: factored, update: adam}]",
    'a.yaml:6:56: model.decoder.0.update must be one of least_squares, sgd, got "adam"',
  ],
  [
    5,
    "  encoder: [{linear: 4, bias: column_means}]",
    "a.yaml:5:31: model.encoder.0.bias can be column_means in the last decoder layer only",
  ],
  [
    6,
    "  decoder: [{linear: output, bias: column_means}]\nloss: {kind: poisson}",
    "a.yaml:6:36: model.decoder.0.bias can be column_means with a squared error only, of which a column's mean is the " +
    "best constant; got loss.kind poisson",
  ],
  [
    6,
    "  decoder: [{linear: output, solver: factored, bias: column_means}]",
    "a.yaml:6:54: model.decoder.0.bias has no effect, because the factored solver solves for its bias",
  ],
  [5, "  encoder: [{linear: 4, tied: true}]", "a.yaml:5:31: model.encoder.0.tied is for decoder layers only, got true"],
  [
    6,
    "  decoder: [{linear: 32, tied: true, init: zeros}, {linear: output}]",
    "a.yaml:6:44: model.decoder.0.init has no effect in a tied layer, whose weight is the encoder's",
  ],
  [
    6,
    "  decoder: [batch_norm, {linear: output}]\ndata2: 1",
    "a.yaml:7:1: unknown key data2; did you mean data?",
  ],
  [
    6,
    "  decoder: [{linear: output, solver: dense, ridge: 0.1}]",
    "a.yaml:6:52: model.decoder.0.ridge is for solver: factored, got 0.1",
  ],
  // The shape of a row.
  [3, "  format: csr_npz\n  shape: [2, 3]", "a.yaml:4:10: data.shape is for dense rows, got data.format csr_npz"],
  [
    3,
    "  shape: 28",
    "a.yaml:3:10: data.shape must be a list of 1 to 3 whole numbers from 1 to 4294967295, or null, got 28",
  ],
  [3, "  shape: [2, 0]", "a.yaml:3:14: data.shape.1 must be a whole number from 1 to 4294967295, got 0"],
  // Shares and files.
  [
    3,
    "  split: {train: 0.7, validation: 0.1, test: 0.1}",
    "a.yaml:3:10: data.split must add up to 1, got 0.7 + 0.1 + 0.1 = 0.9",
  ],
  [3, "  split: {train: 0.9, validation: 0.2}", "a.yaml:3:10: data.split must add up to 1, got 0.9 + 0.2 = 1.1"],
  [3, "  split: {train: 0}", "a.yaml:3:18: data.split.train must leave rows to train on, got a share of 0"],
  [
    3,
    "  split: {train: 1.5}",
    "a.yaml:3:18: data.split.train must be a number from 0 to 1, or a path, or a list of one or more paths, got 1.5",
  ],
  [
    3,
    "  split: {train: [a.npz], test: 0.1}",
    "a.yaml:3:33: data.split.test must be files, as train is, got 0.1",
  ],
  [3, "  split: {test: [a.npz]}", "a.yaml:3:10: data.split.train is missing: name the files to train on"],
  // Transforms.
  [3, "  transforms: [log1q]", 'a.yaml:3:16: data.transforms.0: unknown transform "log1q"; did you mean log1p?'],
  [3, "  transforms: [{clip: [1, 2]}]", "a.yaml:3:24: data.transforms.0.clip.0 must be a number at most 0, got 1"],
  [
    3,
    "  transforms: [{clip: [0, 0]}]",
    "a.yaml:3:23: data.transforms.0.clip must be a lower and a higher bound, got [0, 0]",
  ],
  [3, "  transforms: [{scale: 0}]", "a.yaml:3:24: data.transforms.0.scale must not be 0, got 0"],
  // Settings that need each other.
  [8, "  nesterov: true", "a.yaml:8:13: optimizer.nesterov needs optimizer.name sgd, got adam"],
  [
    9,
    "scheduler: {name: cosine, min_learning_rate: 1}\ntraining:",
    "a.yaml:9:46: scheduler.min_learning_rate must be at most optimizer.learning_rate 0.001, got 1",
  ],
  // Syntax.
  [3, "\tbatch_size: 64", "a.yaml:3:1: not valid YAML: a tab is used for indentation"],
  [3, "  path: b", "a.yaml:3:3: duplicate key path"],
  [3, "  batch_size: 'x", "a.yaml:3:15: not valid YAML: a quoted text is not closed"],
  [3, " batch_size: 64", "a.yaml:3:1: not valid YAML: keys or items of one level must start in the same column"],
  [3, "  batch_size: 1: 2", "a.yaml:3:15: not valid YAML: a second key in one line"],
  [3, "  batch_size: !big 3", "a.yaml:3:15: the YAML tag !big is not read"],
  [3, "  batch_size: *size", "a.yaml:3:15: the alias *size has no anchor before it"],
];

Deno.test("each rule has its line, with the place of the value or key", () => {
  assertEquals(linesOf("data: {path: x}"), ["a.yaml:1:1: model is missing"]);
  for (const [number, replacement, expected] of REPLACED) {
    const lines = GOOD.split("\n");
    lines[number - 1] = replacement;
    const found = linesOf(lines.join("\n"));
    assert(found.includes(expected), `${replacement}\nexpected ${expected}\ngot      ${found.join("\n         ")}`);
  }
  assert(REPLACED.length > 60);
});

Deno.test("hints say what to do", () => {
  const hintOf = (line: string, text: string) => {
    const error = assertThrows(() => loadConfig({ text: GOOD.replace(line, text), file: "a.yaml" }), ConfigError);
    return error.hint;
  };
  assertEquals(hintOf("epochs: 3", "epochs: '1_000'"), "write 1000, without quotes or separators");
  assertEquals(hintOf("name: adam", "nesterov: no"), "write false");
  assertEquals(hintOf("name: adam", "name: adm"), "did you mean adam?");
  assertEquals(hintOf("relu, {linear: 8}", "dropout"), "write {dropout: 0.1}");
  assertStringIncludes(hintOf("relu, {linear: output}", "{linear: output, update: adam}") ?? "", "Adam, RMSprop");
  assertEquals(hintOf("batch_size: 64", "transforms: log1p"), "write a list: [log1p]");
  assertEquals(hintOf("relu, {linear: 8}", "16"), "write {linear: 16}");
  assertEquals(hintOf("batch_size: 64", "mask_rate: 20"), "write 0.2 for 20 %");
  assertEquals(hintOf("batch_size: 64", "split: {train: 80}"), "write 0.8 for 80 %");
  assertEquals(
    hintOf("batch_size: 64", "split: [0.8, 0.2]"),
    "write a map with the keys train, validation, test, by, seed",
  );
  assertEquals(hintOf("batch_size: 64", "// seed: 3"), "a comment begins with #");
  assertEquals(hintOf("path: chunks", "path: *.npz"), 'put a text that begins with * in quotes: "*.npz"');
  assertEquals(hintOf("batch_size: 64", "split: {train: .7, validation: .1, test: .1}"), "set data.split.test to 0.2");
  assertStringIncludes(hintOf("epochs: 3", "epoch: 3") ?? "", "keys of training: epochs, max_steps");
});

Deno.test("all problems of a file are told in the order of its lines, ten at most", () => {
  const text = GOOD.replace("batch_size: 64", "batch_size: no").replace("name: adam", "nam: adam").replace(
    "epochs: 3",
    "epochs: 0",
  );
  assertEquals(linesOf(text), [
    'a.yaml:3:15: data.batch_size must be a whole number from 1 to 1000000, got "no"',
    "a.yaml:8:3: unknown key optimizer.nam; did you mean optimizer.name?",
    "a.yaml:10:11: training.epochs must be a whole number from 1 to 1000000, or auto, got 0",
  ]);
  const many = GOOD + Array.from({ length: 25 }, (_, i) => `unknown${i}: 1\n`).join("");
  const error = assertThrows(() => loadConfig({ text: many }), ConfigError);
  assertEquals(error.problems.length, 10);
  assertEquals(error.unlisted, 15);
  assertEquals(error.exitCode, 2);
  assertEquals(linesOf(""), ["a.yaml:1:1: data.path is missing", "a.yaml:1:1: model is missing"]);
});

Deno.test("an override is named where it is wrong", () => {
  const lines = (...overrides: string[]) => linesOf(GOOD, overrides);
  assertEquals(lines("trainin.epochs=3"), [
    '--override "trainin.epochs=3": unknown key trainin.epochs; did you mean training.epochs?',
  ]);
  assertEquals(lines("training.epoch=3"), [
    '--override "training.epoch=3": unknown key training.epoch; did you mean training.epochs?',
  ]);
  assertEquals(lines("training.epochs=many"), [
    '--override "training.epochs=many": training.epochs must be a whole number from 1 to 1000000, or auto, got "many"',
  ]);
  assertEquals(lines("model.encoder.9.linear=3"), [
    '--override "model.encoder.9.linear=3": model.encoder is a list with the elements 0 to 2, got "9"',
  ]);
  assertEquals(lines("model.encoder.1.slope=3"), [
    '--override "model.encoder.1.slope=3": model.encoder.1 is "relu" and has no keys, got "slope"',
  ]);
  assertEquals(lines("x", "=3", "a..b=3", "extends=b.yaml", "seed=[1"), [
    '--override "x": an override must be key=value',
    '--override "=3": an override must be key=value',
    '--override "a..b=3": an override must be key=value',
    '--override "extends=b.yaml": extends can be set in a file only',
    '--override "seed=[1": not valid YAML: a list opened with [ is not closed with ]',
  ]);
  assertEquals(lines("data.split.train=0.7", "data.split.validation=0.1", "data.split.test=0.1"), [
    '--override "data.split.train=0.7": data.split must add up to 1, got 0.7 + 0.1 + 0.1 = 0.9',
  ]);
});

Deno.test("KEY=VALUE files name line and column", () => {
  assertEquals(linesOf("a=1\na.b=2\n  foo\nb = [1\na=2\n", [], "a.env"), [
    'a.env:2:1: a is 1 and has no keys, got "b"',
    "a.env:3:3: a line must be key=value, got foo",
    "a.env:4:5: not valid YAML: a list opened with [ is not closed with ]",
    "a.env:5:1: duplicate key a, set before in line 1",
  ]);
  assertEquals(linesOf("data.path=x\ntraining.epochs = 0\nlr=1", [], "a.conf").slice(1), [
    "a.conf:2:19: training.epochs must be a whole number from 1 to 1000000, or auto, got 0",
    "a.conf:3:1: unknown key lr; did you mean optimizer.learning_rate?",
  ]);
});

Deno.test("hostile texts end in one line", () => {
  const bomb = [
    "a: &a [x, x]",
    ..."bcdefgh".split("").map((c, i) => `${c}: &${c} [${Array(9).fill(`*${"abcdefg"[i]}`).join(", ")}]`),
  ].join("\n");
  assertStringIncludes(linesOf(bomb)[0]!, "the config unfolds to over 100000 values");
  assertEquals(linesOf("a: &a [*a]"), ["a.yaml:1:8: the config is nested more than 64 levels deep"]);
  assertEquals(linesOf(`a: ${"[".repeat(80)}${"]".repeat(80)}`), [
    "a.yaml:1:68: the config is nested more than 64 levels deep",
  ]);
  assertStringIncludes(linesOf(`a: ${"[".repeat(100_000)}`)[0]!, "the text is nested too deeply to be a config");
  assertEquals(linesOf("a: 1\n---\nb: 2").length, 1);
  assertEquals(linesOf("? [a]\n: 3"), ["a.yaml:1:3: a key must be a plain name"]);
  assertEquals(linesOf("- 1"), ["a.yaml:1:1: a config must be a map of keys such as data: and model:"]);
  assertEquals(
    linesOf(`${"a.".repeat(100_000)}a=1`, [], "a.env")[0]!.slice(0, 44),
    "a.env:1:1: a key has at most 16 parts, got 1",
  );
});
