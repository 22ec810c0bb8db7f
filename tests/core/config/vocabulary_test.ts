/** What the vocabulary makes of its kinds: forms of every type of field, to YAML and back, and sections of several kinds. */
import { assert, assertEquals } from "@std/assert";
import { valueSchema } from "../../../core/config/fields.ts";
import { layerForms, layerSchema } from "../../../core/config/layers.ts";
import { allSettings, foreignKeys, ownSettings, sectionFields, settingsOf } from "../../../core/config/sections.ts";
import { loadConfig } from "../../../core/config/mod.ts";
import { type Kind, LAYERS, LOSSES, OPTIMIZERS } from "../../../core/config/vocabulary.ts";

const layer = () => layerSchema;

Deno.test("vocabulary: names are unique, a value comes first, defaults and examples are allowed values", () => {
  let compared = 0;
  for (const kinds of [LAYERS, LOSSES, OPTIMIZERS]) {
    assertEquals(new Set(kinds.map(({ name }) => name)).size, kinds.length);
    for (const { name, about, fields } of kinds) {
      assert(about.length > 0, name);
      assertEquals(new Set(fields.map((field) => field.name)).size, fields.length, name);
      for (const [index, field] of fields.entries()) {
        assert(!field.value || index === 0, `${name}.${field.name}`);
        for (const value of [field.default, field.example].filter((value) => value !== undefined)) {
          assert(valueSchema(field, layer).safeParse(value).success, `${name}.${field.name}: ${JSON.stringify(value)}`);
          compared++;
        }
      }
    }
  }
  assert(compared > 20);
});

/** Kinds with every type of field. */
const KINDS: readonly Kind[] = [
  {
    name: "conv",
    about: "slides a window over the axes",
    fields: [
      { name: "channels", type: "count", about: "outputs of a window", value: true, minimum: 1, example: 8 },
      { name: "kernel", type: "axes", about: "size of the window", minimum: 1, maximum: 9, example: 3 },
      { name: "padding", type: "axes", about: "zeros at the ends", minimum: 0, words: ["same"], default: 0 },
      { name: "bias", type: "flag", about: "whether a bias is added", default: true },
    ],
  },
  {
    name: "dense",
    about: "sums",
    fields: [
      { name: "size", type: "size", about: "outputs", value: true, minimum: 1, words: ["output"], example: 4 },
      {
        ...{ name: "init", type: "word", about: "start", words: ["default", "zeros"], default: "default" } as const,
        tag: { name: "normal", about: "deviation", minimum: 0, above: true },
      },
      { name: "range", type: "pair", about: "bounds", default: [0, 1], minimum: 0 },
    ],
  },
  { name: "flatten", about: "one axis", fields: [] },
  {
    name: "windows",
    about: "several sizes",
    fields: [{ name: "sizes", type: "counts", about: "of windows", value: true, minimum: 2, example: [4] }],
  },
  {
    name: "skip",
    about: "adds its input to its output",
    fields: [
      { name: "layers", type: "layers", about: "what is skipped", value: true, example: ["flatten"] as never },
      { name: "scale", type: "number", about: "factor", default: 1, below: true, maximum: 2 },
    ],
  },
  { name: "leaky", about: "x", fields: [{ name: "slope", type: "number", about: "slope", value: true, default: 0.1 }] },
];
const { schema, toLayer, fromLayer } = layerForms(KINDS, "test_layer");

Deno.test("vocabulary: layers of every type of field go to the typed form and back", () => {
  const dense = { kind: "dense", init: "default", range: [0, 1] };
  const conv = { kind: "conv", padding: 0, bias: true };
  const cases = [
    ["flatten", { kind: "flatten" }],
    [{ conv: 8, kernel: 3 }, { ...conv, channels: 8, kernel: 3 }],
    [{ conv: 8, kernel: [3, 5], padding: "same", bias: false }, {
      ...{ kind: "conv", channels: 8, kernel: [3, 5], padding: "same", bias: false },
    }],
    [{ dense: "output" }, { ...dense, size: "output" }],
    [{ dense: [16, 7, 7], init: { normal: 0.5 }, range: [1, 2] }, {
      ...{ kind: "dense", size: [16, 7, 7], init: { normal: 0.5 }, range: [1, 2] },
    }],
    [{ skip: ["flatten", { skip: [{ conv: 1, kernel: 1 }] }], scale: 0.5 }, {
      kind: "skip",
      layers: [{ kind: "flatten" }, { kind: "skip", layers: [{ ...conv, channels: 1, kernel: 1 }], scale: 1 }],
      scale: 0.5,
    }],
    [{ windows: [2, 4, 8, 16] }, { kind: "windows", sizes: [2, 4, 8, 16] }],
    [{ leaky: 0.1 }, { kind: "leaky", slope: 0.1 }],
  ] as const;
  for (const [yaml, typed] of cases) {
    const layer = toLayer(schema.parse(yaml));
    assertEquals(layer, typed);
    assertEquals(fromLayer(layer), yaml);
  }
  // The short form of a layer whose settings all have defaults is written in full.
  assertEquals(fromLayer(toLayer(schema.parse("leaky"))), { leaky: 0.1 });
});

Deno.test("vocabulary: what a layer's fields do not allow is refused", () => {
  const wrong = ["conv", { conv: 8 }, { conv: 8, kernel: 10 }, { conv: 8, kernel: [] }, {
    conv: 8,
    kernel: [1, 2, 3, 4],
  }];
  const more = [{ dense: "other" }, { dense: 4, init: "ones" }, { dense: 4, init: { normal: 0 } }, { flatten: 1 }];
  const rest = [
    { dense: 4, range: [1] },
    { dense: 4, range: [-1, 1] },
    { dense: [0] },
    { windows: [1] },
    {
      windows: Array(9).fill(2),
    },
    { skip: [] },
    { skip: ["a"] },
  ];
  for (const yaml of [...wrong, ...more, ...rest, { skip: ["flatten"], scale: 2 }, { conv: 8.5, kernel: 1 }]) {
    assert(!schema.safeParse(yaml).success, JSON.stringify(yaml));
  }
});

const RULES: readonly Kind[] = [
  { name: "a", about: "a", fields: [{ name: "x", type: "number", about: "first", default: 1 }] },
  {
    name: "b",
    about: "b",
    fields: [
      { name: "y", type: "flag", about: "second", default: false },
      { name: "x", type: "number", about: "other", default: 2 },
    ],
  },
];

Deno.test("vocabulary: a section has the keys of all kinds, each in its own order and with its own defaults", () => {
  assertEquals(sectionFields(RULES).map(({ name }) => name), ["y", "x"]);
  assertEquals(settingsOf(RULES[0]!, { y: true }), { x: 1 });
  assertEquals([allSettings(RULES, "a", {}), allSettings(RULES, "b", { y: true })], [
    { y: false, x: 1 },
    { y: true, x: 2 },
  ]);
  assertEquals(foreignKeys(RULES, "a").map(({ name, fields }) => [name, fields.map(({ kind }) => kind)]), [["y", [
    "b",
  ]]]);
  assertEquals(foreignKeys(RULES, "b"), []);
  const known = sectionFields(OPTIMIZERS).map(({ name }) => name);
  const first = ["weight_decay", "momentum", "nesterov", "betas", "alpha", "eps"];
  assertEquals(known.filter((name) => first.includes(name)), first);
});

Deno.test("vocabulary: the engine gets the settings of the rule that is chosen, and no others", () => {
  const text = "data: {path: x}\nmodel: {encoder: [{linear: 2}], decoder: [{linear: output}]}\n";
  const { optimizer } = loadConfig({ text: `${text}optimizer: {name: sgd, momentum: 0.5}`, cwd: "/w" }).config;
  assertEquals(ownSettings(optimizer), {
    name: "sgd",
    weight_decay: 0,
    momentum: 0.5,
    nesterov: false,
    sparse: "exact",
  });
});
