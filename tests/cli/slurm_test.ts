/** `sweep --launcher slurm`: job arrays on a cluster of this machine. Skipped where Slurm is not installed. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { arrayScript } from "../../core/sweep/slurm_script.ts";
import { command, run, temporary } from "../helpers/cli.ts";
import { Cluster, HAS_SLURM } from "../helpers/slurm.ts";
import { fingerprintOf } from "../helpers/small_run.ts";
import { csv, json, logged, runsIn, SWEEP, sweepProject } from "../helpers/sweeps.ts";

const SLURM = `${SWEEP}slurm: {cpus-per-task: 1}\n`.replace("seeds: 2", "seeds: 1").replace("epochs: 6", "epochs: 150");

Deno.test({
  name:
    "slurm: a node is killed and the sweep itself, too: the array ends with all runs, none twice, with the same bits",
  ignore: !HAS_SLURM,
  async fn() {
    await ensureEngine({ quiet: true });
    using folder = temporary(); // it goes when no job writes to it any more
    await using cluster = await Cluster.start();
    const { config, at } = sweepProject(folder.path, SLURM);
    const args = [config, "--launcher", "slurm", "--json"];
    const first = command("sweep", args, cluster.env).spawn();
    const output = first.output();
    await cluster.until("a run has a checkpoint", () => logged(at) >= 1);
    first.kill("SIGKILL");
    await output;
    await cluster.until("a job runs on the second node", () => cluster.jobsOn("n2").length > 0);
    await cluster.until("every run has a checkpoint", () => logged(at) >= 4);
    cluster.killNode("n2");

    const last = await run("sweep", args, cluster.env);
    assertEquals(last.code, 0, last.stderr + last.stdout);
    const results = csv(join(at, "results.csv"));
    assertEquals(results.map(({ status }) => status), Array(4).fill("finished"));
    assertEquals(runsIn(at).length, 4);
    assertEquals([...Deno.readDirSync(join(at, "slurm"))].map(({ name }) => name), ["001"]);
    assertMatch(last.stdout, /runs are in Slurm's queue already and are followed/);
    for (const { run: name } of results) {
      const { steps } = json(join(at, name!, "summary.json"));
      const logged = csv(join(at, name!, "steps.csv")).map(({ step }) => Number(step));
      assertEquals(logged, Array.from({ length: steps }, (_, i) => i + 1));
      assertEquals(json(join(at, name!, "environment.json")).threads, 1);
    }
    const resumed = results.filter(({ run: name }) => json(join(at, name!, "summary.json")).resumed > 0);
    assert(resumed.length > 0, "no run was resumed");
    const alone = join(folder.path, "alone");
    const sample = resumed[0]!.run!;
    const options = ["--config", join(at, "configs", `${sample}.yaml`), "--run-dir", alone, "--quiet", "--no-report"];
    assertEquals((await run("train", options)).code, 0);
    assertEquals(fingerprintOf(join(at, sample)), fingerprintOf(alone));
  },
});

Deno.test({
  name: "slurm: a run that fails is told with its error, and a signal leaves the jobs in the queue",
  ignore: !HAS_SLURM,
  async fn() {
    await ensureEngine({ quiet: true });
    using folder = temporary(); // it goes when no job writes to it any more
    await using cluster = await Cluster.start();
    const sweep = SLURM.replace("learning_rate: [0.001, 0.003]", "learning_rate: [1000, 0.003]").replace(
      "[8, 16]",
      "[8]",
    );
    const { config, at } = sweepProject(folder.path, sweep.replace("epochs: 80", "epochs: 5000"));
    const base = join(folder.path, "small.yaml");
    const text = Deno.readTextFileSync(base).replace("gradient_clip: 1.0", "gradient_clip: null").replace(
      "adamw",
      "sgd",
    );
    Deno.writeTextFileSync(base, text);
    const child = command("sweep", [config, "--launcher", "slurm"], cluster.env).spawn();
    const output = child.output();
    const failed = () => csvOrEmpty(join(at, "results.csv")).some(({ status }) => status === "failed");
    await cluster.until("a run has failed", failed);
    await cluster.until("the other one runs", () => logged(at) >= 1);
    child.kill("SIGTERM");
    const { code, stderr } = await output;
    const said = new TextDecoder().decode(stderr);
    assertEquals(code, 143, said);
    assertMatch(
      said,
      /narrows: 001-seed-7-\w+ \(learning_rate 1000, linear 8, seed 7\): .*(finite|diverge).*slurm\/001\/0\.log/,
    );
    assertMatch(said, /the jobs go on; scancel \d+ ends them, with a save/);
    const job = /scancel (\d+)/.exec(said)![1]!;
    assertStringIncludes(await cluster.run("squeue", ["-h", "-o", "%F %T"]), `${job} RUNNING`);
    await cluster.run("scancel", [job]);
    const [name] = runsIn(at).filter((name) => name.startsWith("002"));
    await cluster.until("the run has saved", () => {
      try {
        return json(join(at, name!, "summary.json")).status === "stopped";
      } catch {
        return false;
      }
    });
  },
});

function csvOrEmpty(path: string) {
  try {
    return csv(path);
  } catch {
    return [];
  }
}

Deno.test("slurm: the script quotes what configs and folders say", () => {
  const text = arrayScript({
    jobName: "narrows a",
    tasks: [{ run: "/runs/it's; rm", args: ["--set-name", "$(touch x)"] }, { run: "/runs/b", args: [] }],
    jobs: 3,
    options: { partition: 'a"b', time: "10" },
    folder: "/runs/slurm/001",
    trainCommand: ["deno", "run", "a b.ts"],
    threadsAreFree: true,
  });
  assertStringIncludes(text, '#SBATCH --array="0-1%3"\n#SBATCH --requeue\n');
  assertStringIncludes(text, '#SBATCH --partition="a\\"b"\n#SBATCH --time="10"\n');
  assertStringIncludes(
    text,
    `0) run='/runs/it'\\''s; rm'; set -- --set-name '$(touch x)' ;;\n1) run=/runs/b; set --  ;;`,
  );
  assertStringIncludes(text, `exec deno run 'a b.ts' "$@"\n`);
  assertStringIncludes(text, "runtime.threads=$SLURM_CPUS_PER_TASK");
});

Deno.test("slurm: without its commands the sweep says so, and options that are not known are refused", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  const { config } = sweepProject(folder.path, SWEEP);
  const { code, stderr } = await run("sweep", [config, "--launcher", "slurm"], { PATH: "/nowhere" });
  assertEquals(code, 1);
  assertMatch(stderr, /narrows: --launcher slurm: there is no \w+ on the PATH\n {2}hint: install Slurm's commands/);
  Deno.writeTextFileSync(config, `${SWEEP}slurm: {wrap: touch x, partitio: a, time: [1]}\n`);
  const refused = await run("sweep", [config, "--launcher", "slurm"]);
  assertEquals(refused.code, 2);
  assertMatch(
    refused.stderr,
    /unknown key slurm\.wrap[^]*unknown key slurm\.partitio; did you mean partition\?[^]*slurm\.time must be/,
  );
});
