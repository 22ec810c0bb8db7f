/** Windows of batches that several runs share: opened once, the same for each, and nobody waits for one that has left. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { BatchCreator } from "../../../ffi/batches.ts";
import { loadConfig } from "../../../core/config/mod.ts";
import { feed, type OpenBatches } from "../../../core/data/feed.ts";
import { trainingPlan } from "../../../core/data/plan.ts";
import { SharedFeed } from "../../../core/data/shared_feed.ts";
import { openSource } from "../../../core/data/source.ts";
import { temporary } from "../../helpers/cli.ts";
import { smallProject } from "../../helpers/small_run.ts";

interface Asked {
  readonly open?: OpenBatches;
  readonly epoch?: number;
  readonly firstWindow?: number;
  readonly firstBatch?: number;
  readonly batchSize?: number;
}

/** A small source, and what passes an epoch of it: the keys of the rows by window and batch, and the windows that it opened itself. */
function small(folder: string) {
  const { data } = loadConfig({ file: smallProject(folder) }).config;
  const source = openSource({ ...data, path: join(folder, "chunks") });
  return async ({ open, epoch = 1, firstWindow, firstBatch, batchSize = data.batch_size }: Asked) => {
    const settings = { ...data, batch_size: batchSize };
    const options = { data: settings, epoch, part: "train", training: true, firstWindow, firstBatch, open } as const;
    const rows: string[] = [];
    let opened = 0;
    for await (const { window, batches } of feed(trainingPlan(source, settings, epoch), options)) {
      for await (const { number, rowIds } of batches) rows.push(`${window.index}/${number}: ${rowIds.join(" ")}`);
      if (batches instanceof BatchCreator) opened++;
    }
    return { rows, opened };
  };
}

Deno.test("runs that share a feed have the batches of a feed alone, and each batch is made once for all", async () => {
  using folder = temporary();
  const pass = small(folder.path);
  const alone = [await pass({}), await pass({ epoch: 2 })];
  const shared = new SharedFeed(3, 3);
  const passed = await Promise.all(shared.members.map(async ({ open }) => [
    await pass({ open }),
    await pass({ open, epoch: 2 }),
  ]));
  for (const each of passed) assertEquals(each.map(({ rows }) => rows), alone.map(({ rows }) => rows));
  // A window has one creator, the reader of one run; the other readers are none.
  const count = (passes: { opened: number }[]) => passes.reduce((sum, { opened }) => sum + opened, 0);
  assertEquals(count(passed.flat()), count(alone));
});

Deno.test("a run that begins later in an epoch is joined by the others there; one that leaves is not waited for", async () => {
  using folder = temporary();
  const pass = small(folder.path);
  const { rows } = await pass({});
  const shared = new SharedFeed(4, 1);
  const [first, later, gone, other] = shared.members;
  const from = rows.findIndex((row) => row.startsWith("1/2:"));
  const passes = Promise.all([
    pass({ open: first!.open }),
    pass({ open: later!.open, firstWindow: 1, firstBatch: 2 }),
    pass({ open: other!.open, batchSize: 8 }), // makes its own
  ]);
  setTimeout(() => gone!.leave(), 20);
  const [a, b, c] = await passes;
  assertEquals(a!.rows, rows);
  assertEquals(b!.rows, rows.slice(from));
  assertEquals(c!.rows, (await pass({ batchSize: 8 })).rows);
});

Deno.test("a window that cannot be opened is an error for each run that shares it", async () => {
  using folder = temporary();
  const pass = small(folder.path);
  const chunk = [...Deno.readDirSync(join(folder.path, "chunks"))].map(({ name }) => name).sort().at(-1)!;
  Deno.writeTextFileSync(join(folder.path, "chunks", chunk), "no chunk");
  const shared = new SharedFeed(2, 1);
  await Promise.all(shared.members.map((member) =>
    assertRejects(async () => {
      try {
        await pass({ open: member.open });
      } finally {
        member.leave();
      }
    })
  ));
});
