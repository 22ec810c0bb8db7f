/** The map by UMAP: groups that are apart in latent space stay apart, the same seed gives the same map, and what has no map. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { type DiagnosticContext, NoAnswer } from "../../../core/diagnostics/diagnostic.ts";
import { umap } from "../../../core/diagnostics/umap.ts";
import { uniforms } from "../../../core/uniforms.ts";

const ROWS = 240, WIDTH = 6, GROUPS = 4;

/** Groups whose centres are five widths of a group apart, along axes of their own. */
function grouped(): Float32Array {
  const random = uniforms(3);
  return Float32Array.from({ length: ROWS * WIDTH }, (_, i) => {
    const group = Math.floor(i / WIDTH) % GROUPS;
    return random() + random() + (i % WIDTH === group ? 5 : 0);
  });
}

function contextOf(values: Float32Array, width: number, settings: Record<string, number> = {}): DiagnosticContext {
  const rows = Array.from({ length: values.length / width }, (_, i) => i);
  const known = {
    ...{ epoch: 1, latentSize: width, maxRows: 2000, data: { labels: rows.map((row) => `group ${row % GROUPS}`) } },
    settings: { rows: 1000, neighbours: 10, min_distance: 0.1, seed: 0, ...settings },
    choose: () => ({ rows }),
    embed: () => Promise.resolve(values),
  };
  return known as unknown as DiagnosticContext;
}

Deno.test("umap: rows lie beside those of their group, and the seed alone decides where", async () => {
  const values = grouped(), found = (await umap.run(contextOf(values, WIDTH)))!;
  assertEquals([found.rows.length, found.neighbours, found.scores.length], [ROWS, 10, ROWS]);
  let together = 0;
  for (const [i, [x, y]] of found.scores.entries()) {
    const distances = found.scores.map(([u, v], j) => ({ j, d: Math.hypot(u! - x!, v! - y!) }));
    const near = distances.filter(({ j }) => j !== i).sort((a, b) => a.d - b.d).slice(0, 5);
    together += near.filter(({ j }) => j % GROUPS === i % GROUPS).length;
  }
  assert(together > 0.98 * 5 * ROWS, `${together} of ${5 * ROWS}`);
  assertEquals(await umap.run(contextOf(values, WIDTH)), found);
  assertNotEquals((await umap.run(contextOf(values, WIDTH, { seed: 1 })))!.scores, found.scores);
  assertEquals(umap.decode(JSON.parse(JSON.stringify(found)), ""), found);
  assert(!umap.automatic({ kind: "table", columns: 9, shape: null, rate_hz: null, names: null, labels: null }));
});

Deno.test("umap: ends where the run is to stop", async () => {
  const stopped = new Error("stopped");
  const stopIfAsked = () => {
    throw stopped;
  };
  const context = { ...contextOf(grouped(), WIDTH), stopIfAsked };
  assertEquals(await umap.run(context).catch((error) => error), stopped);
});

Deno.test("umap: some of the rows, evenly spread; no map of one unit, of few rows, or of rows in one place", async () => {
  const some = (await umap.run(contextOf(grouped(), WIDTH, { rows: 60, neighbours: 100 })))!;
  assertEquals([some.rows.slice(0, 3), some.rows.at(-1), some.neighbours], [[0, 4, 8], 236, 58]);
  for (
    const [values, width, why] of [
      [grouped(), 1, "one value"],
      [new Float32Array(8), 2, "at least 5 rows"],
      [new Float32Array(40), 2, "the same latent vector"],
    ] as const
  ) {
    await assertRejects(() => umap.run(contextOf(values, width)), NoAnswer, why);
  }
});
