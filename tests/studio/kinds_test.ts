/** The studio over sparse rows, signals, pictures and dictionaries: every question is answered, or refused in words. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { UserError } from "../../core/errors.ts";
import { reconstruct } from "../../mod.ts";
import { temporary } from "../helpers/cli.ts";
import { type Open, openStudio, ownConfig, smallConfig } from "../helpers/studio.ts";
import { listed } from "../../studio/page/listed.ts";

await ensureEngine({ quiet: true });

const opened = (name: string, folder: string, more: readonly string[] = []) =>
  openStudio({ config: ownConfig(name), overrides: [`paths.runs=${JSON.stringify(join(folder, "runs"))}`, ...more] });

const size = (shape: readonly number[]) => shape.reduce((product, count) => product * count, 1);

/** What holds for every network. */
async function asked(open: Open): Promise<void> {
  await open.steps(3);
  const { network, data } = await open.ask("about", {});
  const row = await open.ask("row", { of: { row: 2 } });
  assertEquals(row.latent.length, network.latent_size);
  assertEquals(row.input.length, row.columns?.length ?? data.columns);
  await open.ask("watch", { of: { row: 2 }, per_second: 30 });
  await open.until(() => open.told.of("values").length > 0);
  const [told] = open.told.of("values");
  assertEquals(told!.values.length, network.stages.reduce((sum, { shape }) => sum + size(shape), 0));
  const latent = network.stages.findIndex(({ latent }) => latent);
  if (size(network.stages[latent]!.shape) === network.latent_size) {
    const from = told!.at[latent]!;
    assertEquals(told!.values.slice(from, from + network.latent_size), row.latent);
  }
  const last = told!.values.slice(told!.at.at(-1)!);
  if (row.columns === null) {
    for (const [j, value] of row.output.entries()) assert(Math.abs(value - last[j]!) < 1e-4, `${value} ${last[j]}`);
  }
  const jacobian = await open.ask("jacobian", { latent: [...row.latent], directions: 2 });
  assert("none" in jacobian ? jacobian.none.length > 10 : jacobian.singular.length === network.latent_size);
  const map = await open.ask("map", { most: 50 });
  assert(map.rows.length <= 50 && map.x.every(Number.isFinite) && map.share <= 1.0001);
  for (const stage of network.stages.keys()) {
    const unit = await open.ask("unit", { stage, unit: 0, most: 4 });
    const weights = [...listed(unit.into, 0, "into"), ...listed(unit.out, 0, "out")];
    for (const { tensor, at, value } of [...unit.own, ...weights]) {
      assertEquals((await open.ask("weight", { tensor, at })).value, value);
    }
  }
  for (const [link, { total }] of network.links.entries()) {
    const found = await open.ask("strongest", { link, most: 7 });
    assertEquals([found.total, found.weight.length], [total, 7]);
  }
}

Deno.test("studio: sparse rows have their stored columns, and latent vectors the largest ones", async () => {
  using folder = temporary();
  await using open = await opened("quickstart", folder.path, ["model.encoder.0.linear=16"]);
  await asked(open);
  const { data } = await open.ask("about", {});
  assertEquals([data.kind, data.columns, data.names!.length], ["sparse", 47192, 47192]);
  const row = await open.ask("row", { of: { row: 2 } });
  assert(row.input.every((value) => value !== 0) && row.input.length > 1000);
  const { output, columns } = await open.ask("decode", { latent: [...row.latent], most: 20 });
  assertEquals([output.length, columns!.length], [20, 20]);
  // More rows than are read at once: their columns that vary most.
  const sheet = await open.ask("sheet", { part: "train", from: 0, count: 96 }), shown = [...sheet.columns!];
  assertEquals([sheet.rows.length, shown.length, sheet.input.length], [96, 24, 96 * 24]);
  const sums = new Float64Array(data.columns), squares = new Float64Array(data.columns);
  for (const [i, row] of sheet.rows.entries()) {
    const { columns, input, output } = await open.ask("row", { of: { row } });
    for (const [k, column] of columns!.entries()) {
      sums[column]! += input[k]!;
      squares[column]! += input[k]! ** 2;
    }
    for (const [k, column] of shown.entries()) {
      const at = columns!.indexOf(column);
      assertEquals(sheet.input[24 * i + k], at < 0 ? 0 : input[at]);
      if (at >= 0) assertAlmostEquals(sheet.output[24 * i + k]!, output[at]!, 1e-5);
    }
  }
  const variances = squares.map((square, column) => square - sums[column]! ** 2 / sheet.rows.length);
  const wanted = variances.toSorted((a, b) => b - a).slice(0, 24);
  for (const [k, column] of shown.entries()) assertAlmostEquals(variances[column]!, wanted[k]!, 1e-3);
  await open.command({ do: "stop" });
  await open.until(({ phase }) => phase === "ended");
  const { values } = await reconstruct(open.run, { checkpoint: "latest", columns: [...row.columns!] });
  const number = (await reconstruct(open.run, { checkpoint: "latest", columns: [0] })).rowNumbers.indexOf(2);
  for (const [j, value] of row.output.entries()) {
    assertAlmostEquals(value, values[number * row.output.length + j]!, 1e-5 + 1e-5 * Math.abs(value));
  }
});

Deno.test("studio: signals have a shape, and filters of the first convolution", async () => {
  using folder = temporary();
  await using open = await opened("pulse_echo", folder.path, ["model.start=random"]);
  await asked(open);
  const { data, network } = await open.ask("about", {});
  assertEquals(data.kind, "signals");
  const filters = await open.ask("filters", { most: 4 });
  assert("shape" in filters && filters.shape[0] === 4 && filters.values.length === size(filters.shape));
  const weight = network.stages[1]!.parameters.find(({ name }) => name.endsWith(".weight"))!;
  assertEquals(filters.shape.slice(1), [weight.shape[1], 1, weight.shape[2]]);
  const { filter } = await open.ask("unit", { stage: 1, unit: size(network.stages[1]!.shape) - 1, most: 1 });
  assertEquals(filter!.shape, filters.shape.slice(1));
});

Deno.test("studio: layers within layers are stages of networks that begin as PCA, with what goes past them", async () => {
  using folder = temporary();
  const { start: _, ...model } = smallConfig(folder.path).model as Record<string, unknown>;
  const config = smallConfig(folder.path, {
    model: { ...model, encoder: [{ linear: 8 }, "relu", { dropout: 0.1 }, { linear: 3 }] },
  });
  await using open = await openStudio({ config });
  await asked(open);
  const { network } = await open.ask("about", {}), { stages, links } = network;
  assertEquals(stages.map(({ name, kinds, units }) => [name, ...kinds, units]), [
    ["input", 12],
    ["encoder.0", "linear", 11],
    ["encoder.1.layers.0", "relu", "dropout", 8],
    ["encoder.1.layers.2", "linear", 3],
    ["encoder.1", "shortcut", 3],
    ["decoder.0.layers.0", "linear", "relu", 8],
    ["decoder.0", "dense_skip", 11],
    ["decoder.1", "linear", 12],
  ]);
  assertEquals(stages.map(({ sources }) => sources), [
    ...[[], [], [], []],
    [{ stage: 1, first: 8, size: 3, to: 0 }, { stage: 3, first: 0, size: 3, to: 0 }],
    [],
    [{ stage: 4, first: 0, size: 3, to: 0 }, { stage: 5, first: 0, size: 8, to: 3 }],
    [],
  ]);
  assertEquals(stages.findIndex(({ latent }) => latent), 4);
  assertEquals(links.map(({ from, to, tensor, total }) => [from, to, tensor, total]), [
    [0, 1, "encoder.0.weight", 132],
    [2, 3, "encoder.1.layers.2.weight", 24],
    [4, 5, "decoder.0.layers.0.weight", 24],
    [6, 7, "decoder.1.weight", 132],
  ]);
  assertEquals(network.connections, links.reduce((sum, { total }) => sum + total, 0));
  assertEquals(network.neurons, 11 + 3 + 8 + 12);
  assertEquals(network.noise, [{ key: "model.encoder.1.layers.1.dropout", maximum: 1 }]);
  // Each value is made of those of the stages before, by the weights that are told.
  const { values, at } = open.told.of("values").at(-1)!;
  let compared = 0;
  for (const { from, to } of links) {
    for (let unit = 0; unit < stages[to]!.units; unit++, compared++) {
      const { own, into } = await open.ask("unit", { stage: to, unit, most: 100 });
      const sum = listed(into, unit, "into").reduce(
        (sum, weight) => sum + weight.value * values[at[from]! + weight.unit!]!,
        own[0]!.value,
      );
      const isBent = stages[to]!.kinds.includes("relu");
      assertAlmostEquals(values[at[to]! + unit]!, isBent ? Math.max(0, sum) : sum, 1e-4);
    }
  }
  assertEquals(compared, 11 + 3 + 8 + 12);
  for (const [stage, { sources, units }] of stages.entries()) {
    if (sources.length === 0) continue;
    const sums = new Float64Array(units);
    for (const { stage, first, size, to } of sources) {
      for (let i = 0; i < size; i++) sums[to + i]! += values[at[stage]! + first + i]!;
    }
    for (const [unit, sum] of sums.entries()) assertAlmostEquals(values[at[stage]! + unit]!, sum, 1e-6);
  }
  const edit = { tensor: "encoder.1.layers.2.weight", at: [1, 5] };
  await open.command({ do: "write", ...edit, value: 0.75 });
  assertEquals(await open.ask("weight", edit), {
    value: 0.75,
    ends: [{ stage: 2, unit: 5 }, { stage: 3, unit: 1 }],
  });
  // A unit that goes past the layers has no weights out of its stage.
  assertEquals((await open.ask("unit", { stage: 1, unit: 9, most: 4 })).out_total, 0);
});

Deno.test("studio: pictures, their filters, and a network that begins as PCA", async () => {
  using folder = temporary();
  for (const start of ["random", "pca"]) {
    await using open = await opened("digits_conv2d", folder.path, [`model.start=${start}`]);
    await asked(open);
    assertEquals((await open.ask("about", {})).data.kind, "images");
  }
});

Deno.test("studio: a dense first layer of pictures has filters in the shape of a row", async () => {
  using folder = temporary();
  await using open = await opened("digits", folder.path, ["model.start=random", "data.shape=[1, 8, 8]"]);
  const filters = await open.ask("filters", { most: 1000 });
  assert("shape" in filters);
  assertEquals(filters.shape, [64, 1, 8, 8]);
  const { filter, into } = await open.ask("unit", { stage: 1, unit: 5, most: 64 });
  assertEquals(filter!.values, filters.values.slice(5 * 64, 6 * 64));
  for (const { at, value } of listed(into, 5, "into")) assertEquals(filter!.values[at[1]!], value);
});

Deno.test("studio: a dictionary of sparse codes", async () => {
  using folder = temporary();
  await using open = await opened("dictionary", folder.path);
  await asked(open);
  assertEquals((await open.ask("about", {})).network.links.map(({ tensor }) => tensor), ["encoder.0.weight"]);
  const { values, at } = open.told.of("values").at(-1)!;
  assertEquals(values.slice(at[1]!, at[2]!).filter((value) => value !== 0).length, 4, "k units of the code are not 0");
});

Deno.test("studio: tokens of ultrasound lines, which steps have made", async () => {
  using folder = temporary();
  await using open = await opened("ultrasound", folder.path);
  await asked(open);
});

Deno.test("studio: a network whose output layer is solved for refuses edits of it in words", async () => {
  using folder = temporary();
  await using open = await opened("quickstart", folder.path, ["model.decoder.2.solver=factored"]);
  await asked(open);
  const { network } = await open.ask("about", {}), last = network.stages.at(-1)!;
  assertEquals([last.editable, network.stages[1]!.editable], [false, true]);
  try {
    await open.command({ do: "write", tensor: `${last.name}.weight`, at: [0, 0], value: 1 });
    throw new Error("it was written");
  } catch (error) {
    assert(error instanceof UserError);
  }
});

/** An image layer, and a graph by a list of connections, none of which leads from an output. */
const neurons = (folder: string) => {
  const edges = join(folder, "edges.csv"), inner = 30, outputs = 5;
  const lines = Array.from({ length: 4 * (inner + outputs) }, (_, i) => {
    const target = i % (inner + outputs), source = (7 * i + 3 * target + (i >> 3)) % inner;
    return `${source},${target}`;
  });
  Deno.writeTextFileSync(edges, [...new Set(lines)].join("\n"));
  return {
    ...smallConfig(folder),
    model: {
      encoder: [{ neuron_layers: 3, shapes: [[3, 4], [2, 3, 4]], rounds: 5, next: [3, 3] }, "tanh"],
      decoder: [
        {
          neuron_graph: outputs,
          neurons: inner + outputs,
          rounds: 4,
          edges,
          input_fan_in: 2,
          activation: "sigmoid",
          parts: 3,
        },
        { linear: "output" },
      ],
    },
  };
};

Deno.test("studio: the neurons of networks of neurons are stages, whose values make those of the outputs", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: neurons(folder.path) });
  await asked(open);
  const { network } = await open.ask("about", {}), { stages, links } = network;
  assertEquals(stages.map(({ name, shape }) => [name, ...shape]), [
    ["input", 12],
    ["encoder.0.layer1", 1, 3, 4],
    ["encoder.0.layer2", 2, 3, 4],
    ["encoder.0", 3],
    ["decoder.0.neurons", 30],
    ["decoder.0", 5],
    ["decoder.1", 12],
  ]);
  assertEquals(network.connections, links.reduce((sum, { total }) => sum + total, 0));
  const pairs = links.map(({ from, to }) => `${from} ${to}`);
  // All but those of the linear layer: into a layer, within it, to the next one and back.
  assertEquals(pairs.toSorted(), ["0 1", "1 1", "1 2", "2 1", "2 2", "2 3", "3 4", "3 5", "4 4", "4 5", "5 6"]);
  assertEquals(stages.map(({ parts }) => parts && new Set(parts).size), [null, null, null, null, 3, null, null]);
  for (const layer of ["encoder.0", "decoder.0"]) {
    const { parameters } = stages.find(({ name }) => name === layer)!;
    const weights = links.filter(({ tensor }) => tensor === `${layer}.weight`);
    assertEquals(weights.reduce((sum, { total }) => sum + total, 0), parameters[0]!.shape[0]);
  }
  const { values, at } = open.told.of("values").at(-1)!;
  for (const [stage, { name, units }] of stages.entries()) {
    if (name !== "encoder.0" && name !== "decoder.0") continue;
    for (let unit = 0; unit < units; unit++) {
      const { own, into } = await open.ask("unit", { stage, unit, most: 1000 });
      const sum = listed(into, unit, "into").reduce(
        (sum, weight) => sum + weight.value * values[at[weight.stage!]! + weight.unit!]!,
        own[0]!.value,
      );
      assertAlmostEquals(values[at[stage]! + unit]!, name === "encoder.0" ? Math.tanh(sum) : sum, 1e-4);
    }
  }
  // Both ends of a connection have it, and writing it changes it there.
  const link = pairs.indexOf("4 4"), { from, to, connection } = await open.ask("strongest", { link, most: 1 });
  const element = { tensor: links[link]!.tensor, at: [connection![0]!] };
  await open.command({ do: "write", ...element, value: 2.5 });
  const ends = [{ stage: 4, unit: from[0]! }, { stage: 4, unit: to[0]! }] as const;
  assertEquals(await open.ask("weight", element), { value: 2.5, ends });
  const [source, target] = [
    await open.ask("unit", { ...ends[0], most: 1000 }),
    await open.ask("unit", { ...ends[1], most: 1000 }),
  ];
  const [out, into] = [listed(source.out, from[0]!, "out"), listed(target.into, to[0]!, "into")];
  assertEquals(out.find((weight) => weight.at[0] === element.at[0] && weight.unit === to[0])?.value, 2.5);
  assertEquals(into.find((weight) => weight.at[0] === element.at[0] && weight.unit === from[0])?.value, 2.5);
});

for (const name of ["neuron_layers", "neuron_graph"]) {
  Deno.test(`studio: configs/${name}.yaml is answered for`, async () => {
    using folder = temporary();
    await using open = await opened(name, folder.path);
    await asked(open);
    const { values } = open.told.of("values").at(-1)!;
    assert(values.every(Number.isFinite), "every neuron has a value");
  });
}
