/** The list of run folders, in whatever state these are. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { listRuns } from "../../../core/runs/list.ts";
import { acquireLock } from "../../../core/runs/lock.ts";
import { ROOT, temporary } from "../../helpers/cli.ts";

const HEADER =
  "epoch,train_loss,validation_loss,learning_rate,samples_per_second,elapsed_s,steps,rows,wait_ms,train_ms," +
  "validation_ms,checkpoint_ms,diagnostics_ms,grad_norm_max";
const row = (epoch: number, validation: number | "") =>
  `${epoch},${1 / epoch},${validation},0.001,900,${epoch},3,96,1,2,3,4,5,0.5`;

function makeRun(parent: string, name: string, files: Readonly<Record<string, string>> = {}): string {
  const path = join(parent, name);
  Deno.mkdirSync(path, { recursive: true });
  const all = { "config.yaml": "training: {epochs: 9}\n", ...files };
  for (const [file, text] of Object.entries(all)) Deno.writeTextFileSync(join(path, file), text);
  return path;
}

const environment = (started: string) => JSON.stringify({ started_at: started });

Deno.test("runs: newest first, with what their logs and summaries say", async () => {
  using folder = temporary();
  const runs = join(folder.path, "runs");
  makeRun(runs, "old-20260101-000000-aaaaaa", {
    "environment.json": environment("2026-03-01T00:00:00.000Z"),
    "epochs.csv": [HEADER, row(1, 0.5), row(2, 0.25), row(3, 0.75), "4,0.1"].join("\n"),
  });
  const live = makeRun(runs, "live-20260101-000000-bbbbbb", {
    "environment.json": environment("2026-03-03T00:00:00.000Z"),
    "epochs.csv": [HEADER, row(1, ""), row(2, ""), ""].join("\n"),
  });
  makeRun(runs, "torn-20260101-000000-cccccc", {
    "environment.json": environment("2026-03-02T00:00:00.000Z"),
    "summary.json": '{"status": "fini',
    "epochs.csv": "",
    "config.yaml": "training: [",
  });
  Deno.mkdirSync(join(runs, "no run"));
  using lock = await acquireLock(live);
  assert(lock);
  const listed = await listRuns(runs);
  const seen = listed.map((run) => [
    run.name.split("-")[0],
    run.status,
    run.epochs,
    run.planned_epochs,
    run.best_loss,
    run.best_epoch,
  ]);
  assertEquals(seen, [
    ["live", "running", 2, 9, 0.5, 2],
    ["torn", "died", 0, null, null, null],
    ["old", "died", 3, 9, 0.25, 2],
  ]);
  for (const run of listed) assert(run.bytes > 0 && !run.bytes_at_least, run.name);
  assertEquals(await listRuns(join(folder.path, "none")), []);
});

Deno.test("runs: a lock whose process is gone is no run that goes on", async () => {
  using folder = temporary();
  const ended = await new Deno.Command("true").spawn();
  await ended.status;
  makeRun(folder.path, "a", {
    "run.lock": JSON.stringify({
      pid: ended.pid,
      host: Deno.hostname(),
      since: "2026-03-01T00:00:00.000Z",
      boot_id: "",
      start_ticks: "1",
    }),
  });
  assertEquals((await listRuns(folder.path)).map((run) => run.status), ["died"]);
});

Deno.test("runs: folders that come and go, and files that are written meanwhile, are no errors", async () => {
  using folder = temporary();
  for (let i = 0; i < 20; i++) makeRun(folder.path, `stays-${i}`);
  let done = false;
  const writing = (async () => {
    for (let i = 0; !done; i++) {
      const path = makeRun(folder.path, `goes-${i % 7}`, {
        "epochs.csv": HEADER + "\n" + row(1, 0.5).slice(0, i % 30),
      });
      Deno.writeTextFileSync(join(path, "environment.json"), '{"started_at": ');
      await new Promise((next) => setTimeout(next, 0));
      if (i % 2 === 1) Deno.removeSync(path, { recursive: true });
    }
  })();
  try {
    for (let i = 0; i < 15; i++) {
      const names = (await listRuns(folder.path)).map((run) => run.name);
      assertEquals(names.filter((name) => name.startsWith("stays")).length, 20);
    }
  } finally {
    done = true;
    await writing;
  }
});

Deno.test("runs: a log of absurd length is not read", async () => {
  using folder = temporary();
  const path = makeRun(folder.path, "long");
  const log = join(path, "epochs.csv");
  Deno.writeTextFileSync(log, HEADER + "\n");
  Deno.truncateSync(log, 2 ** 36);
  const began = performance.now();
  const [run] = await listRuns(folder.path);
  assertEquals([run!.epochs, run!.best_loss], [0, null]);
  assert(performance.now() - began < 2000);
});

Deno.test("runs: as a command, for people and for scripts", () => {
  using folder = temporary();
  makeRun(folder.path, "a", { "epochs.csv": [HEADER, row(1, 0.5), ""].join("\n") });
  const said = (...args: string[]) => {
    const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `${ROOT}cli/runs.ts`, ...args],
      env: { NO_COLOR: "1" },
    }).outputSync();
    return [code, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)] as const;
  };
  const [code, out, err] = said(folder.path);
  assertEquals([code, err], [0, ""]);
  assert(
    /^name +status +epochs +best loss +age +size\na +died +1\/9 +0\.5000 \(epoch 1\) +\d+ s +\d+ B\n$/.test(out),
    out,
  );
  const json = JSON.parse(said("--runs", folder.path, "--json")[1]);
  assertEquals([json.name, json.status, json.best_loss, json.path], ["a", "died", 0.5, join(folder.path, "a")]);
  const none = said(join(folder.path, "none"));
  assertEquals([none[0], none[1]], [2, ""]);
  assert(none[2].includes("there is no such folder"), none[2]);
});
