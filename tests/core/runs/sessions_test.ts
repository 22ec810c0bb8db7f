/** sessions.json: appended to, never replaced. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import {
  announceFork,
  announceSession,
  beginSession,
  endSession,
  factsOf,
  type Parent,
  parentOf,
  readSessions,
  type SessionStart,
} from "../../../core/runs/sessions.ts";
import { testInFolder } from "../../temp.ts";

const start = (parent: Parent | null = null): SessionStart => ({
  started_at: "2026-01-01T00:00:00.000Z",
  command_line: ["train"],
  ...factsOf({ narrows: "0.1.0", engine: { isa: "avx2" }, isa: "avx2", threads: 2 }),
  checkpoint: null,
  attempt: null,
  changes: [],
  parent,
});
const silent = (line: string) => {
  throw new Error(line);
};
/** A session that begins at a step. */
async function begun(dir: string, first: number, last: number, parent: Parent | null, warn: (line: string) => void) {
  await announceSession(dir, start(parent), last, warn);
  await beginSession(dir, first);
}

const PARENT = { run: "/r", checkpoint: "checkpoints/step-000000007", step: 7, manifest_sha256: "ab" };

testInFolder("sessions: each is appended, its end filled in, and a killed one is told by the next", async (dir) => {
  assertEquals(await readSessions(dir), []);
  await begun(dir, 1, 0, null, silent);
  await endSession(dir, "stopped: SIGTERM", 12);
  await begun(dir, 13, 12, null, silent);
  await begun(dir, 11, 31, null, silent);
  const told = (await readSessions(dir)).map(({ first_step, last_step, ended }) => [first_step, last_step, ended]);
  assertEquals(told, [[1, 12, "stopped: SIGTERM"], [13, 31, "killed"], [11, null, null]]);
  await endSession(dir, "finished", 40);
  await announceSession(dir, start(), 40, silent); // killed before it began: the next one stands in its place
  assertEquals((await readSessions(dir)).at(-1)!.first_step, null);
  await begun(dir, 41, 40, null, silent);
  assertEquals((await readSessions(dir)).map(({ first_step }) => first_step), [1, 13, 11, 41]);
  assertEquals(await parentOf(dir), null);
});

testInFolder("sessions: a fork's parent is known before its first session, and stays", async (dir) => {
  await announceFork(dir, PARENT);
  assertEquals(await parentOf(dir), PARENT);
  await begun(dir, 8, 0, PARENT, silent);
  await begun(dir, 9, 8, null, silent);
  assertEquals((await readSessions(dir)).map(({ first_step }) => first_step), [8, 9]);
  assertEquals(await parentOf(dir), PARENT);
  await Deno.writeTextFile(join(dir, "sessions.json"), `[{"parent": {"run": 3}}]`);
  await assertRejects(() => parentOf(dir), UserError, "parent is not a run");
});

testInFolder("sessions: a file that is no list is kept under another name, and said", async (dir) => {
  for (const text of ["{", "{}", "[1]"]) {
    await Deno.writeTextFile(join(dir, "sessions.json"), text);
    const lines: string[] = [];
    await begun(dir, 1, 0, null, (line) => lines.push(line));
    assert(lines.length === 1 && lines[0]!.includes("it is kept as sessions-"), lines.join());
    assertEquals((await readSessions(dir)).length, 1);
    await Deno.remove(join(dir, "sessions.json"));
  }
  const kept = [...Deno.readDirSync(dir)].map(({ name }) => Deno.readTextFileSync(join(dir, name))).sort();
  assertEquals(kept, ["[1]", "{", "{}"]);
});
