/** Sections of diagnostics: of made-up answers, of spoiled ones, and over epochs. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseHTML } from "linkedom";
import { DIAGNOSTICS } from "../../core/diagnostics/list.ts";
import type { RunData } from "../../core/runs/types.ts";
import { renderRunReport } from "../../reports/run_report.ts";
import { DRAWINGS } from "../../reports/sections/mod.ts";
import { emptyRun, makeRun, uniform } from "./fixture.ts";
import { assertWellFormed } from "./well_formed.ts";

const EVIL = `"><script>alert(1)</script>&<img src=x onerror=alert(1)>`;
const bins = { min: -1, max: 2, counts: [1, 5, 0, 3] };
const wave = (n: number, size = 1) => Array.from({ length: n }, (_, i) => size * Math.sin(i));

/** An answer of each diagnostic, of rows of a shape or without one. */
function answers(shape: readonly number[] | null, name = "gene"): Record<string, unknown> {
  const columns = shape ? shape.reduce((product, size) => product * size, 1) : 5;
  const about = { epoch: 4, split: "validation", rows: 9, shape, rate_hz: 1e6 };
  const names = shape ? null : Array.from({ length: 5 }, (_, i) => name + i);
  const example = (rank: string) => ({
    rank,
    row: 3,
    label: name,
    mse: 0.5,
    truth: wave(columns),
    reconstruction: wave(columns, 0.9),
  });
  const examples = ["worst", "median", "best"].map(example);
  const direction = { latent: [1, 0], columns: names ?? [name], weights: [0.5], pattern: shape && wave(columns) };
  const tensor = { name: "encoder.0.weight", shape: [4, columns] };
  const scores = { accuracy: 0.75, silhouette: 0.1, by_label: [0.5, 1] };
  return {
    rows: { ...about, errors: bins, median: 0.5, columns: names && examples.map(() => names), examples },
    ...shape
      ? {
        error_map: {
          ...about,
          mean: wave(columns),
          variance: wave(columns).map((x) => x * x),
          mse: wave(columns).map(Math.abs),
        },
      }
      : {},
    ...shape?.length === 1
      ? {
        spectrum: {
          ...about,
          samples: 16,
          frequency: [0, 1e5, 2e5],
          truth: [1, 2, 1],
          reconstruction: [1, 1, 1],
          error: [0, 1.5, 0],
        },
      }
      : {},
    neighbours: {
      ...{ epoch: 4, of: "held_out", neighbours: 10, rows: 8, reference_rows: 20, latent_size: 2 },
      ...{ labels: [name, "b"], counts: [4, 4], commonest: 0.5, latent: scores, pca: { ...scores, accuracy: 0.5 } },
    },
    traversal: {
      ...{ ...about, latent_size: 2 },
      units: [{
        unit: 1,
        deviation: 1,
        change: 2,
        values: [-1, 1],
        columns: names,
        decoded: [wave(columns), wave(columns, -1)],
      }],
    },
    jacobian: {
      ...{ epoch: 4, split: "validation", latent_size: 2, columns, shape, no_encoder: null },
      points: [{
        ...{ row: 1, label: name, singular_values: [2, 1], rank: 2, directions: [direction] },
        ...{ encoder_norm: 1, encoder_singular_values: [1, 0.5] },
      }],
    },
    activations: {
      ...{ epoch: 4, split: "validation", rows: 9 },
      layers: [{
        ...{ name: "encoder.1", kind: "tanh", units: 4, dead: 1, zeros: 0.25, saturated: 0.1, mean: 0, deviation: 1 },
        ...{ active: bins, values: bins },
      }],
    },
    firing: {
      ...{ epoch: 4, split: "validation", rows: 9, units: 12, dead: 2, active: 3.5, median: 0.25, largest: 1 },
      density: bins,
    },
    divergence: {
      ...{ epoch: 4, split: "validation", rows: 9, units: 3, total: 1.5, collapsed: 1 },
      largest: [{ unit: 2, nats: 1 }, { unit: 0, nats: 0.5 }, { unit: 1, nats: 1e-4 }],
    },
    weights: {
      epoch: 4,
      tensors: [{
        ...tensor,
        looked_at: 4,
        root_mean_square: 1,
        mean: 0,
        largest: 2,
        update_ratio: 1e-3,
        values: bins,
      }],
      filters: shape &&
        { name: tensor.name, shape, units: [2, 0], norms: [2, 1], values: [wave(columns), wave(columns, 2)] },
    },
    gradient_flow: { epoch: 4, rows: 8, tensors: [{ ...tensor, gradient: 1e-3, value: 0.1, zeros: 0 }] },
  };
}

const SHAPES = [null, [16], [2, 4, 4], [4, 4]] as const;
const small = makeRun({ epochs: 4, stepsPerEpoch: 5, columns: 40, latentRows: 30 });

Deno.test("report: every diagnostic but those with sections of their own has one, and they are well formed", () => {
  const own = ["columns", "latent", "reconstruction", "umap"];
  assertEquals(
    DRAWINGS.map(({ diagnostic }) => diagnostic.name).sort(),
    DIAGNOSTICS.map(({ name }) => name).filter((name) => !own.includes(name)).sort(),
  );
  for (const shape of SHAPES) {
    const diagnostics = answers(shape);
    const text = renderRunReport({ ...small, diagnostics });
    assertWellFormed(text);
    for (const name of Object.keys(diagnostics)) assertStringIncludes(text, `<section id="${name}"`);
    assert(!/NaN|undefined|cannot be /.test(text));
    assertEquals(text, renderRunReport({ ...small, diagnostics: structuredClone(diagnostics) }));
  }
});

Deno.test("report: the chart of gradients is no wider than others", () => {
  const { document } = parseHTML(renderRunReport({ ...small, diagnostics: answers([4, 4]) }));
  assertEquals(document.querySelectorAll("#gradient_flow > .grid svg.chart").length, 1);
});

Deno.test("report: names in diagnostics are text", () => {
  for (const shape of SHAPES) {
    const text = renderRunReport({ ...small, diagnostics: answers(shape, EVIL) });
    assertWellFormed(text);
    assert(!text.includes("<script>") && !text.includes("<img src=x"));
  }
});

Deno.test("report: answers over epochs are drawn, and those that are not decodable are left out", () => {
  const at = (epoch: number): RunData["history"][number] => ({
    epoch,
    diagnostics: Object.fromEntries(
      Object.entries({ ...answers(null), latent: { ...small.latent!, epoch } })
        .map(([name, data]) => [name, { ...data as object, epoch }]),
    ),
  });
  const history = [at(1), at(2), { epoch: 3, diagnostics: { neighbours: { epoch: 3 }, latent: {} } }];
  const text = renderRunReport({ ...small, diagnostics: answers(null), history });
  assertWellFormed(text);
  for (
    const title of ["Labels of neighbours by epoch", "Dead units by epoch", "Gradients by epoch", "Latent map, epoch 2"]
  ) {
    assertStringIncludes(text, title);
  }
  assert(!text.includes("Latent map, epoch 3"));
});

Deno.test("report: a file of a diagnostic that is none is named, with its field", () => {
  const text = renderRunReport({ ...emptyRun(), diagnostics: { jacobian: { epoch: 1, split: 3 }, unheard_of: {} } });
  assertWellFormed(text);
  assertStringIncludes(text, "The file <code>jacobian.json</code> cannot be read: split: expected text, got 3.");
});

/** Replaces numbers by absurd ones and empties lists, each with probability `share`. */
function spoiled(value: unknown, random: () => number, share: number): unknown {
  if (Array.isArray(value)) return random() < share / 4 ? [] : value.map((each) => spoiled(each, random, share));
  if (typeof value === "number") {
    return random() < share ? [null, 0, -1, 1e300, -1e300, 5e-324, 0.5][Math.floor(random() * 7)] : value;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, spoiled(below, random, share)]));
}

Deno.test("report: diagnostics with absurd numbers and empty lists are drawn without an error", () => {
  let drawn = 0;
  for (let seed = 0; seed < 60; seed++) {
    const random = uniform(seed), share = [0.02, 0.2, 0.7][seed % 3]!;
    const answer = answers(SHAPES[seed % SHAPES.length]!);
    // Shapes say how long lists are, which readers may rely on no more than that values are numbers.
    const diagnostics = spoiled(answer, random, share) as Record<string, unknown>;
    const text = renderRunReport({ ...emptyRun(), diagnostics });
    assertWellFormed(text);
    drawn += text.split("<figure").length;
  }
  assert(drawn > 60);
});
