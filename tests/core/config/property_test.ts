/** Properties over many generated configs: YAML out and in again is the same; no text throws anything but ConfigError. */
import { assert, assertEquals } from "@std/assert";
import { stringify } from "@std/yaml";
import { type Config, ConfigError, configToYaml, loadConfig } from "../../../core/config/mod.ts";

/** Draws of a seeded generator (mulberry32). */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }
  chance(share: number): boolean {
    return this.next() < share;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)]!;
  }
  /** Over many orders of magnitude, so that some are written with an exponent. */
  positive(): number {
    return this.next() * 10 ** this.int(-12, 2) + Number.MIN_VALUE;
  }
}

const TEXTS = ["a b/c", "null", "3", "true", "~x", "ä: #", "it's", '"', "- x", "*.npz", "{a,b}", "yes", "1e3", " pad "];

function someLayer(random: Random): unknown {
  const unit = random.next();
  return random.pick<unknown>([
    "relu",
    "leaky_relu",
    "batch_norm",
    { leaky_relu: unit },
    { elu: random.positive() },
    { dropout: unit },
    { layer_norm: unit + 1e-9 },
    { batch_norm: 1e-5, momentum: unit + 1e-9 > 1 ? 1 : unit + 1e-9 },
    {
      linear: random.int(1, 5000),
      bias: random.chance(0.5),
      init: random.pick(["zeros", { normal: random.positive() }]),
    },
  ]);
}

function someConfig(random: Random): Record<string, unknown> {
  const layers = () => Array.from({ length: random.int(0, 4) }, () => someLayer(random));
  const train = random.next() * 0.8 + 0.1;
  const files = () => Array.from({ length: random.int(1, 3) }, () => random.pick(TEXTS));
  return {
    seed: random.int(0, Number.MAX_SAFE_INTEGER),
    data: {
      path: random.pick(TEXTS),
      labels: random.chance(0.5) ? null : random.pick(TEXTS),
      split: random.chance(0.5) ? { train, seed: random.int(0, 99) } : { train: files(), test: files() },
      transforms: ["log1p", { clip: [-random.next(), random.positive()] }, { scale: -random.positive() }]
        .filter(() => random.chance(0.5)),
      batch_size: random.int(2, 1000),
    },
    model: {
      encoder: [{ linear: random.int(1, 99) }, ...layers()],
      decoder: [...layers(), { linear: "output", solver: random.pick(["auto", "dense"]) }],
    },
    optimizer: {
      learning_rate: random.positive(),
      betas: [random.next(), random.next()],
      eps: random.next() * 1e-6 + 1e-300,
    },
    scheduler: {
      name: random.pick(["constant", "one_cycle", "step"]),
      gamma: random.next() + 1e-9 > 1 ? 1 : random.next() + 1e-9,
    },
    training: { max_steps: random.chance(0.5) ? null : random.int(1, 1e9), gradient_clip: random.positive() },
  };
}

Deno.test("the YAML of a config loads to the same config, from any folder", () => {
  const random = new Random(1);
  const configs: Config[] = [];
  for (let i = 0; i < 200; i++) {
    const text = stringify(someConfig(random));
    const loaded = loadConfig({ text, file: "some.yaml", cwd: "/data" });
    const yaml = loaded.toYaml();
    const again = loadConfig({ text: yaml, file: "other.yaml", cwd: "/elsewhere" });
    assertEquals(again.config, loaded.config, text);
    assertEquals(configToYaml(again.config), yaml);
    configs.push(loaded.config);
  }
  assert(new Set(configs.map((config) => JSON.stringify(config))).size === 200);
});

const GOOD = `name: good
seed: 3
data:
  path: "chunks/*.npz"
  split: {train: 0.8, validation: 0.1, test: 0.1}
  transforms: [{library_size: 10000}, log1p, {clip: [0, 10]}]
model:
  encoder: [{linear: 64, bias: false, init: {normal: 0.02}}, relu, {linear: 8}]
  decoder:
    - {linear: 64, tied: true}
    - leaky_relu
    - {linear: output, solver: auto}
optimizer: {name: adamw, betas: [0.9, 0.99]}
training:
  epochs: 3
  early_stopping: {patience: 4}
`;

const PIECES = [
  "null",
  "-1",
  "1e400",
  ".nan",
  "[",
  "]",
  "{",
  "}",
  ":",
  ": ",
  "\n",
  "\n  ",
  "- ",
  "\t",
  "'",
  '"',
  "&a ",
  "*a",
  "!!map ",
  "!x ",
  "|\n",
  ">\n",
  "# ",
  "%",
  "---\n",
  "? ",
  "<<: ",
  "\0",
  "\ud800",
  "é",
  "__proto__: ",
  "constructor: ",
  "extends: x\n",
  "[[[[[[",
  "true",
  "0x7fffffffffffffff",
  "1_000",
  "=",
  "data.path=3\n",
  "\r",
  "\u2028",
  "{linear: 3}",
];

/** One to three random edits: cut, double, insert, move, or, half of the time, another word in a word's place. */
function mutate(text: string, random: Random): string {
  let result = text;
  for (let edits = random.int(1, 3); edits > 0; edits--) {
    const at = random.int(0, result.length);
    const length = random.int(1, 20);
    const part = result.slice(at, at + length);
    const words = result.match(/[\w.]+/g) ?? ["x"];
    const chosen = random.int(0, words.length - 1);
    let count = 0;
    const swapWord = () => result.replace(/[\w.]+/g, (word) => count++ === chosen ? random.pick(words) : word);
    result = random.pick([
      () => result.slice(0, at) + result.slice(at + length),
      () => result.slice(0, at) + part + result.slice(at),
      () => result.slice(0, at) + random.pick(PIECES) + result.slice(at),
      () => part + result.slice(0, at) + result.slice(at + length),
      swapWord,
      swapWord,
      swapWord,
      swapWord,
    ])();
  }
  return result;
}

Deno.test("no change of a good config throws anything but ConfigError, in one line each", () => {
  const random = new Random(2);
  const outcomes = { good: 0, syntax: 0, content: 0 };
  loadConfig({ text: GOOD, cwd: "/data" });
  for (let i = 0; i < 300; i++) {
    const text = mutate(GOOD, random);
    const file = random.pick(["a.yaml", "a.json", "a.env", "a"]);
    try {
      loadConfig({ text, file: i % 10 === 0 ? file : "a.yaml", cwd: "/data" });
      outcomes.good++;
    } catch (error) {
      assert(error instanceof ConfigError, `${error}\n${(error as Error).stack}\n${text}`);
      assert(error.problems.length > 0 && error.problems.length <= 10);
      for (const { where, what } of error.problems) {
        assert(/^(a\S*:\d+:\d+|\/data\/\S+|a\S*)$/.test(where), `${where} of ${what} in\n${text}`);
        assert(!/[\r\n]/.test(what), what);
        assert(!/undefined|\[object|NaN/.test(what), what);
      }
      outcomes[/not valid YAML|key=value/.test(error.message) ? "syntax" : "content"]++;
    }
  }
  assert(outcomes.good > 0 && outcomes.syntax > 50 && outcomes.content > 50, JSON.stringify(outcomes));
});

Deno.test("no override throws anything but ConfigError", () => {
  const random = new Random(3);
  const keys = [
    "model.encoder.0.linear",
    "data.split.train",
    "training.epochs",
    "model.encoder",
    "data",
    "x.y",
    "model.decoder.1",
  ];
  let refused = 0;
  for (let i = 0; i < 300; i++) {
    const override = mutate(`${random.pick(keys)}=${random.pick(PIECES)}`, random);
    try {
      loadConfig({ text: GOOD, overrides: [override], cwd: "/data" });
    } catch (error) {
      assert(error instanceof ConfigError, `${error}\n${(error as Error).stack}\n${override}`);
      refused++;
    }
  }
  assert(refused > 100);
});
