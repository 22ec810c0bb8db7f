/** Reading the checkpoints of a run while it saves and deletes them; what kills leave behind. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { readCheckpoint } from "../../../core/checkpoint/read.ts";
import { saveCheckpoint } from "../../../core/checkpoint/save.ts";
import { UserError } from "../../../core/errors.ts";
import { clearLeftovers } from "../../../core/runs/leftovers.ts";
import { acquireLock } from "../../../core/runs/lock.ts";
import { memorySink, patternTensor } from "../formats/tensors.ts";

const SHAPE = [40, 30];

function save(dir: string, step: number, best: boolean) {
  const parameters = [patternTensor("w", "F32", SHAPE, step)];
  return saveCheckpoint(dir, { step, parameters, optimizer: [], state: { step }, keep: 1, best });
}

Deno.test("checkpoint: latest and best are read while a run saves and deletes", async () => {
  const dir = await Deno.makeTempDir({ prefix: "narrows_test_" });
  try {
    using _lock = await acquireLock(dir);
    await save(dir, 1, true);
    let done = false, steps = 1;
    const writing = (async () => {
      while (!done) await save(dir, ++steps, steps % 2 === 0);
    })();
    const warnings: string[] = [];
    const warn = (line: string) => warnings.push(line);
    let last = 0;
    try {
      for (let k = 0; k < 100 || steps < 40; k++) {
        const sink = memorySink("w", "F32", SHAPE);
        const which = k % 2 ? "latest" : "best";
        const { step, state } = await readCheckpoint(dir, which, { parameters: [sink] }, { warn });
        assertEquals(state, { step });
        if (which === "latest") assert(step >= last, `${step} after ${last}`);
        if (which === "latest") last = step;
      }
    } finally {
      done = true;
      await writing;
    }
    assertEquals(warnings, []);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("checkpoint: one that is deleted between being found and being loaded is looked for again", async () => {
  const dir = await Deno.makeTempDir({ prefix: "narrows_test_" });
  const { open } = Deno;
  try {
    using _lock = await acquireLock(dir);
    const first = await save(dir, 1, true);
    let opened = 0;
    Deno.open = async (path, options) => { // the first time to check it, the second time to load it
      if (String(path) === join(first.path, "state.json") && ++opened === 2) await save(dir, 2, true);
      return open(path, options);
    };
    const warn = (line: string) => assertEquals(line, "");
    const { step } = await readCheckpoint(dir, "best", { parameters: [memorySink("w", "F32", SHAPE)] }, { warn });
    assertEquals([step, opened], [2, 2]);
  } finally {
    Deno.open = open;
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("checkpoint: of a run that nobody writes, what is missing is told at once", async () => {
  const dir = await Deno.makeTempDir({ prefix: "narrows_test_" });
  const begun = performance.now();
  await assertRejects(() => readCheckpoint(dir, "latest", { parameters: [] }, { warn: () => {} }), UserError);
  assert(performance.now() - begun < 500);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("leftovers: half-written files of sessions go, those of others stay", async () => {
  const dir = await Deno.makeTempDir({ prefix: "narrows_test_" });
  const id = "0123456789ab";
  const gone = [
    `checkpoints/.tmp-step-000000010-${id}/model.safetensors`,
    `checkpoints/.latest.${id}.tmp`,
    `.summary.json.${id}.tmp`,
    `diagnostics/epoch-0001/.latent.json.${id}.tmp`,
  ];
  const stay = [
    `.report.html.${id}.tmp`, // of a report that is being drawn
    `.embedding.npy.${id}.tmp`,
    `checkpoints/.unclear-step-000000010-${id}/model.safetensors`,
    "checkpoints/step-000000010/model.safetensors",
    "checkpoints/.tmp-step-mine/notes",
  ];
  for (const name of [...gone, ...stay]) {
    await Deno.mkdir(join(dir, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(dir, name), "");
  }
  await clearLeftovers(dir);
  const isThere = (name: string) => Deno.stat(join(dir, name)).then(() => true, () => false);
  for (const name of gone) assertEquals(await isThere(name), false, name);
  assertEquals(await isThere(`checkpoints/.tmp-step-000000010-${id}`), false);
  for (const name of stay) assertEquals(await isThere(name), true, name);
  await Deno.remove(dir, { recursive: true });
});
