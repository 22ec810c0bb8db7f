import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import {
  CHECKPOINT_FILES,
  checkpointName,
  checkpointsFolder,
  listCheckpoints,
  verifyCheckpoint,
} from "../../../core/checkpoint/layout.ts";
import { loadCheckpoint } from "../../../core/checkpoint/load.ts";
import { resolveCheckpoint } from "../../../core/checkpoint/resolve.ts";
import { saveCheckpoint, type SaveRequest } from "../../../core/checkpoint/save.ts";
import { UserError } from "../../../core/errors.ts";
import { testInFolder } from "../../temp.ts";
import { bytesOf, memorySink, memorySource, patternTensor } from "../formats/tensors.ts";

function request(step: number, salt = step, more: Partial<SaveRequest> = {}): SaveRequest {
  return {
    step,
    parameters: [
      patternTensor("encoder.0.weight", "F32", [8, 5], salt),
      patternTensor("encoder.0.bias", "F32", [8], salt),
    ],
    optimizer: [patternTensor("m", "F64", [8, 5], salt + 1), patternTensor("last", "U32", [5], salt + 2)],
    state: { step, salt, best_loss: null },
    ...more,
  };
}

function sinks() {
  return {
    parameters: [memorySink("encoder.0.weight", "F32", [8, 5]), memorySink("encoder.0.bias", "F32", [8])],
    optimizer: [memorySink("m", "F64", [8, 5]), memorySink("last", "U32", [5])],
  };
}

/** Loads a checkpoint and compares every tensor with what `request(step, salt)` saved. */
async function assertHolds(path: string, step: number, salt = step): Promise<void> {
  const targets = sinks();
  assertEquals(await loadCheckpoint(path, targets), { step, state: { step, salt, best_loss: null } });
  const saved = request(step, salt);
  for (const part of ["parameters", "optimizer"] as const) {
    for (const [i, sink] of targets[part].entries()) assertEquals(sink.bytes, await bytesOf(saved[part][i]!));
  }
}

const noWarning = (line: string) => {
  throw new Error(`unexpected warning: ${line}`);
};

const names = (dir: string) => [...Deno.readDirSync(checkpointsFolder(dir))].map((entry) => entry.name).sort();

testInFolder("checkpoint: saved, listed, resolved and loaded", async (dir) => {
  await saveCheckpoint(dir, request(5, 5, { best: true, verify: "full" }));
  const saved = await saveCheckpoint(dir, request(1234));
  assertEquals(saved.path, join(dir, "checkpoints", "step-000001234"));
  assertEquals((await listCheckpoints(dir)).map((checkpoint) => checkpoint.step), [5, 1234]);
  assertEquals(names(dir), ["best", "latest", "step-000000005", "step-000001234"]);
  assertEquals(await Deno.readTextFile(join(dir, "checkpoints/latest")), "step-000001234\n");
  for (
    const [which, step] of [["latest", 1234], ["best", 5], ["step-000000005", 5], [saved.path, 1234]] as const
  ) {
    const found = await resolveCheckpoint(dir, which, noWarning);
    assertEquals(found.step, step);
    await assertHolds(found.path, step);
  }
  assertEquals((await verifyCheckpoint(saved.path)).step, 1234);
});

testInFolder("checkpoint: names and shapes must match, and nothing is written when they do not", async (dir) => {
  const { path } = await saveCheckpoint(dir, request(1));
  const { optimizer, parameters: [weight, bias] } = sinks();
  const load = (parameters: typeof optimizer, strict = true) =>
    loadCheckpoint(path, { parameters, optimizer }, { strict });
  const error = await assertRejects(
    () => load([weight!, memorySink("encoder.0.bias", "F32", [9])]),
    UserError,
    "encoder.0.bias: the file has shape [8], the model [9]",
  );
  assertStringIncludes(error.message, "model.safetensors");
  await assertRejects(
    () => load([weight!, memorySink("encoder.0.bias", "U32", [8])]),
    UserError,
    "has F32, the model U32",
  );
  await assertRejects(
    () => load([weight!]),
    UserError,
    '"encoder.0.bias": the file has this tensor, the model does not',
  );
  const other = memorySink("decoder.0.bias", "F32", [8]);
  await assertRejects(() => load([weight!, bias!, other]), UserError, "the model has this tensor");
  await assertRejects(() => load([weight!, memorySink("encoder.0.bias", "F32", [9])], false), UserError, "shape");
  assertEquals(weight!.bytes, new Uint8Array(160));
  await load([weight!, other], false);
  assertEquals(weight!.bytes, await bytesOf(request(1).parameters[0]!));
  assertEquals(other.bytes, new Uint8Array(32));
  assertEquals((await loadCheckpoint(path, { parameters: [weight!, bias!] })).step, 1);
});

testInFolder("checkpoint: any flipped byte or lost tail is found and named; resolve falls back loudly", async (dir) => {
  const good = await saveCheckpoint(dir, request(1));
  const bad = await saveCheckpoint(dir, request(2));
  let compared = 0;
  for (const name of [...CHECKPOINT_FILES, "manifest.json"]) {
    const path = join(bad.path, name);
    const bytes = await Deno.readFile(path);
    const stride = Math.max(1, Math.floor(bytes.length / 40));
    for (let at = 0; at < bytes.length; at += stride) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << (at % 8);
      for (const broken of [flipped, bytes.subarray(0, at)]) {
        await Deno.writeFile(path, broken);
        try {
          await verifyCheckpoint(bad.path);
          // The manifest's own version of the program and step are no part of what it vouches for.
          assertEquals(name, "manifest.json");
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          assertStringIncludes(error.message, bad.path);
          assert(!error.message.includes("\n"));
          compared++;
        }
      }
    }
    await Deno.remove(path);
    await assertRejects(() => verifyCheckpoint(bad.path), UserError, path);
    await Deno.mkdir(path);
    await assertRejects(() => verifyCheckpoint(bad.path), UserError, path);
    await Deno.remove(path);
    const warnings: string[] = [];
    const found = await resolveCheckpoint(dir, "latest", (line) => warnings.push(line));
    assertEquals(found.name, good.name);
    assertEquals(warnings.length, 1);
    assertStringIncludes(warnings[0]!, bad.name);
    await assertRejects(() => resolveCheckpoint(dir, bad.name, noWarning), UserError, bad.path);
    await Deno.writeFile(path, bytes);
  }
  assert(compared > 200, `${compared} compared`);
  await assertHolds((await resolveCheckpoint(dir, "latest", noWarning)).path, 2);
});

testInFolder("resolve: missing and malformed pointers", async (dir) => {
  await assertRejects(() => resolveCheckpoint(dir, "latest", noWarning), UserError, "there is no checkpoint");
  await saveCheckpoint(dir, request(1));
  await saveCheckpoint(dir, request(2));
  const resolved = async (which: string) => {
    const warnings: string[] = [];
    const { step } = await resolveCheckpoint(dir, which, (line) => warnings.push(line));
    return [step, warnings.length];
  };
  assertEquals(await resolved("best"), [2, 1]);
  const pointer = join(dir, "checkpoints/latest");
  for (const text of ["../../../etc", "step-1", "", "x".repeat(9999)]) {
    await Deno.writeTextFile(pointer, text);
    assertEquals(await resolved("latest"), [2, 1]);
  }
  await Deno.writeTextFile(pointer, "step-000000003");
  assertEquals(await resolved("latest"), [2, 1]);
  await Deno.writeTextFile(pointer, "step-000000001");
  assertEquals(await resolved("latest"), [1, 0]);
  await Deno.remove(pointer);
  assertEquals(await resolved("latest"), [2, 0]);
  await assertRejects(() => resolveCheckpoint(dir, "step-000000009", noWarning), UserError, "no such checkpoint");
  await assertRejects(() => resolveCheckpoint(dir, join(dir, "none"), noWarning), UserError, "no such checkpoint");
});

testInFolder("save: the same step again keeps a good equal one and replaces any other", async (dir) => {
  const { path } = await saveCheckpoint(dir, request(7));
  const inode = (await Deno.stat(path)).ino;
  await saveCheckpoint(dir, request(7, 7, { best: true }));
  assertEquals((await Deno.stat(path)).ino, inode);
  assertEquals(names(dir), ["best", "latest", "step-000000007"]);

  await saveCheckpoint(dir, request(7, 70));
  assert((await Deno.stat(path)).ino !== inode);
  await assertHolds(path, 7, 70);
  assertEquals(names(dir), ["latest", "step-000000007"], "best names what it was not said of");

  await Deno.truncate(join(path, "model.safetensors"), 10);
  await saveCheckpoint(dir, request(7, 71));
  await assertHolds(path, 7, 71);
  assertEquals(names(dir).filter((name) => name.startsWith(".unclear-step-000000007-")).length, 1);
});

testInFolder("resolve: a replacement that was cut short still has the old one", async (dir) => {
  const { path } = await saveCheckpoint(dir, request(7));
  await Deno.rename(path, `${path}.old`);
  await assertHolds((await resolveCheckpoint(dir, "latest", noWarning)).path, 7);
  await saveCheckpoint(dir, request(7, 70, { keep: 1 }));
  await assertHolds((await resolveCheckpoint(dir, "latest", noWarning)).path, 7, 70);
  assertEquals(names(dir), ["latest", "step-000000007"]);
});

testInFolder("retention: the newest, latest and best stay; unclear folders are never touched", async (dir) => {
  await saveCheckpoint(dir, request(1, 1, { best: true, keep: 2 }));
  const unclear = [".tmp-step-000000001-abc", ".unclear-step-000000001-abc", "notes", "step-000000000"];
  for (const name of unclear) await Deno.mkdir(join(checkpointsFolder(dir), name));
  await Deno.mkdir(join(checkpointsFolder(dir), ".deleted-step-000000000-abc"));
  for (let step = 2; step <= 6; step++) await saveCheckpoint(dir, request(step, step, { keep: 2 }));
  const steps = async () => (await listCheckpoints(dir)).map((checkpoint) => checkpoint.step);
  assertEquals(await steps(), [1, 5, 6]);
  assertEquals(names(dir).filter((name) => unclear.includes(name)), [...unclear].sort());
  assert(!names(dir).some((name) => name.startsWith(".deleted-")));
  // Resumed from step 1: what lies ahead is of another course of the run.
  await saveCheckpoint(dir, request(3, 30, { keep: 1, best: true }));
  assertEquals(await steps(), [3, 5, 6]);
  await Deno.writeTextFile(join(checkpointsFolder(dir), "best"), "nonsense");
  await saveCheckpoint(dir, request(4, 40, { keep: 1 }));
  assertEquals(await steps(), [3, 4, 5, 6]);
});

testInFolder("save: NaN or infinity is refused with its place, and leaves nothing", async (dir) => {
  await saveCheckpoint(dir, request(1));
  const before = names(dir);
  for (const value of [NaN, Infinity, -Infinity]) {
    const single = new Float32Array(40).fill(1);
    single[17] = value;
    const weight = memorySource("w", "F32", [8, 5], new Uint8Array(single.buffer));
    const bad = request(2, 2, { parameters: [weight] });
    await assertRejects(() => saveCheckpoint(dir, bad), UserError, "w: row 3 is NaN or infinite");
    const double = new Float64Array(40).fill(-1e300);
    double[39] = value;
    const moment = memorySource("m", "F64", [40], new Uint8Array(double.buffer));
    await assertRejects(() => saveCheckpoint(dir, request(2, 2, { optimizer: [moment] })), UserError, "m: row 39");
  }
  await assertRejects(() => saveCheckpoint(dir, request(2, 2, { state: { best: NaN } })), TypeError, "best is NaN");
  assertEquals(names(dir), before);
});

testInFolder("save: errors name path and reason", async (dir) => {
  const file = join(dir, "file");
  await Deno.writeTextFile(file, "");
  const error = await assertRejects(() => saveCheckpoint(file, request(1)), UserError, "Not a directory");
  assertEquals(error.exitCode, 1);
  await assertRejects(
    () => saveCheckpoint(join(dir, "none"), request(1)),
    UserError,
    "cannot create the folder (No such file",
  );
});

Deno.test("checkpoint names: 9 digits", () => {
  assertEquals(checkpointName(1234), "step-000001234");
  let refused = 0;
  for (const step of [-1, 1.5, NaN, 1e9]) {
    try {
      checkpointName(step);
    } catch (error) {
      assert(error instanceof RangeError);
      refused++;
    }
  }
  assertEquals(refused, 4);
});
