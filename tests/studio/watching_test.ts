/** Who is told of a watched row: pages that come, go and change their minds, and what is said where a row has no values. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { UserError } from "../../core/errors.ts";
import { temporary } from "../helpers/cli.ts";
import { npy } from "../helpers/npz.ts";
import { type Open, openStudio, smallConfig } from "../helpers/studio.ts";

await ensureEngine({ quiet: true });

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Changes a weight, so that all who watch are told, and waits until they would have been. */
async function changed(open: Open): Promise<void> {
  await open.command({ do: "write", tensor: "encoder.0.bias", at: [0], value: Math.random() });
  await pause(200);
}

Deno.test("studio: a page that leaves while its question to watch waits is not watched for", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  const asked = open.ask("watch", { of: { row: 1 }, per_second: 30 });
  open.studio.remove(open.told);
  await asked;
  await changed(open);
  assertEquals(open.told.of("values").length, 0);
});

Deno.test("studio: of several questions to watch the last one holds, also where an earlier one is answered later", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  await Promise.all([
    open.ask("watch", { of: { row: 1 }, per_second: 30 }),
    open.ask("watch", { of: null, per_second: 30 }),
  ]);
  await changed(open);
  assertEquals(open.told.of("values").length, 0);
  // One that is refused leaves the row that was watched before.
  await open.ask("watch", { of: { row: 1 }, per_second: 30 });
  await assertRejects(() => open.ask("watch", { of: { row: 9999 }, per_second: 30 }), UserError, "there is no row");
  await changed(open);
  assert(open.told.of("values").length > 0);
});

Deno.test("studio: rows of more units than are told are refused when they are asked for", async () => {
  using folder = temporary();
  const columns = 2_200_000, rows = 4, path = join(folder.path, "long.npy");
  const values = new Float32Array(rows * columns).fill(1);
  Deno.writeFileSync(path, npy("<f4", `${rows}, ${columns}`, new Uint8Array(values.buffer)));
  const config = smallConfig(folder.path, {
    data: { path, batch_size: 2, split: { validation: 0, test: 0 } },
    model: { start: "random", encoder: [{ linear: 1 }], decoder: [{ linear: "output" }] },
    diagnostics: { every_epochs: 0 },
  });
  await using open = await openStudio({ config });
  await assertRejects(
    () => open.ask("watch", { of: { row: 1 }, per_second: 1 }),
    UserError,
    "the stages have 4,400,001 units",
  );
});

Deno.test("studio: a watched row that cannot be read any more is told to who watches, once", async () => {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path) });
  const bytes = Deno.readFileSync(join(folder.path, "rows.npy"));
  await open.studio.drop("mine.npy", bytes);
  await open.ask("watch", { of: { dropped: 150 }, per_second: 30 });
  await open.until(() => open.told.of("values").length > 0);
  const few = npy("<f4", "5, 12", new Uint8Array(5 * 12 * 4));
  await open.studio.drop("mine.npy", few);
  await changed(open);
  await changed(open);
  const notes = open.told.of("note").filter(({ text }) => text.includes("there is no row 150"));
  assertEquals(notes.map(({ warning }) => warning), [true]);
});
