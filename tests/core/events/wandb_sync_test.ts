/** Uploading with an installed wandb: a program of that name stands for it here; tests/peer/loggers.py runs the real one. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { syncWandb } from "../../../core/events/wandb_sync.ts";
import { testInFolder } from "../../temp.ts";

/** Runs `body` while the only wandb there is is a script; null: while there is none. */
async function withWandb(dir: string, script: string | null, body: () => Promise<void>): Promise<void> {
  const bin = join(dir, "bin");
  Deno.mkdirSync(bin, { recursive: true });
  const program = join(bin, "wandb");
  if (script !== null) Deno.writeTextFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const before = Deno.env.get("PATH")!;
  Deno.env.set("PATH", script === null ? bin : `${bin}:/usr/bin:/bin`);
  try {
    await body();
  } finally {
    Deno.env.set("PATH", before);
    if (script !== null) Deno.removeSync(program);
  }
}

testInFolder("wandb sync: what went wrong is told with the command that uploads the run later", async (dir) => {
  const folder = join(dir, "wandb", "offline-run-x"), file = join(folder, "run-x.wandb");
  Deno.mkdirSync(folder, { recursive: true });
  const later = new RegExp(`; upload it with: wandb sync \\S*offline-run-x$`);
  await withWandb(dir, null, async () => {
    const told = await syncWandb(folder, file);
    assertMatch(told!, /^the run is not uploaded to W&B: wandb is not installed/);
    assertMatch(told!, later);
  });
  await withWandb(
    dir,
    "echo starting >&2; echo 'Error: No API key configured.' >&2; echo bye >&2; exit 1",
    async () => {
      assertMatch((await syncWandb(folder, file))!, /wandb sync says "Error: No API key configured\."/);
    },
  );
  await withWandb(dir, "echo refused >&2; exit 0", async () => {
    assertMatch((await syncWandb(folder, file))!, /wandb sync says "refused"/);
  });
  await withWandb(dir, "sleep 100 & sleep 100", async () => {
    const begun = performance.now();
    const told = await syncWandb(folder, file, 300);
    assert(performance.now() - begun < 20_000);
    assertMatch(told!, /wandb sync has not ended after 0 s/);
    assertMatch(told!, later);
  });
  await withWandb(dir, 'echo "$@" "$PWD" > "$3/arguments"; touch "$3/run-x.wandb.synced"', async () => {
    assertEquals(await syncWandb(folder, file), null);
  });
  assertEquals(Deno.readTextFileSync(join(folder, "arguments")), `sync --yes ${folder} ${dir}\n`);
});
