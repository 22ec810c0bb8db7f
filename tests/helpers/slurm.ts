/** A cluster of Slurm on this machine, as the user that runs the tests: two nodes of two CPUs each. */
import { join } from "@std/path";

const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol"];

const found = (program: string) =>
  `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`.split(":").map((folder) => join(folder, program)).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });

/** Whether Slurm and MUNGE are installed (`apt-get install slurmctld slurmd slurm-client munge`). */
export const HAS_SLURM = PROGRAMS.every((program) => found(program) !== undefined);

const OPTIONS: Readonly<Record<string, string>> = {
  ClusterName: "loopback",
  AuthType: "auth/munge",
  ProctrackType: "proctrack/linuxproc",
  TaskPlugin: "task/none",
  JobAcctGatherType: "jobacct_gather/none",
  SelectType: "select/cons_tres",
  SelectTypeParameters: "CR_CPU",
  SlurmdTimeout: "4",
  ReturnToService: "2",
  MpiDefault: "none",
  KillWait: "10",
};

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

export class Cluster implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "narrows_slurm_" });
  readonly env: Readonly<Record<string, string>> = { SLURM_CONF: join(this.#folder, "slurm.conf") };

  static async start(): Promise<Cluster> {
    const cluster = new Cluster();
    await cluster.#start();
    return cluster;
  }

  async #start(): Promise<void> {
    const at = (name: string) => join(this.#folder, name);
    const user = (await this.run("id", ["-un"])).trim(), host = Deno.hostname();
    Deno.writeFileSync(at("munge.key"), crypto.getRandomValues(new Uint8Array(1024)), { mode: 0o400 });
    for (const name of ["state", "spool-n1", "spool-n2"]) Deno.mkdirSync(at(name));
    const settings = {
      ...OPTIONS,
      SlurmctldHost: `${host}(127.0.0.1)`,
      SlurmUser: user,
      SlurmdUser: user,
      AuthInfo: `socket=${at("munge.sock")},cred_expire=5`,
      StateSaveLocation: at("state"),
      SlurmdSpoolDir: at("spool-%n"),
      SlurmctldPidFile: at("slurmctld.pid"),
      SlurmdPidFile: at("slurmd-%n.pid"),
      SlurmctldLogFile: at("slurmctld.log"),
      SlurmdLogFile: at("slurmd-%n.log"),
      SlurmctldPort: String(freePort()),
    };
    const nodes = ["n1", "n2"].map((name) =>
      `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${freePort()} CPUs=2 RealMemory=1000`
    );
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    const partition = "PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP";
    Deno.writeTextFileSync(at("slurm.conf"), [...lines, ...nodes, partition, ""].join("\n"));
    const files = { key: "munge.key", seed: "munge.seed", pid: "munged.pid", log: "munged.log" };
    const options = Object.entries(files).map(([name, file]) => `--${name}-file=${at(file)}`);
    await this.run("munged", [...options, `--socket=${at("munge.sock")}`, "--force"]);
    await this.run("slurmctld", []);
    for (const node of ["n1", "n2"]) await this.run("slurmd", ["-N", node]);
    await this.until(
      "the nodes are idle",
      async () => (await this.run("sinfo", ["-h", "-o", "%D %T"])).trim() === "2 idle",
    );
  }

  /** The output of a program that runs with this cluster's configuration. */
  async run(program: string, args: readonly string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command(found(program) ?? program, {
      args: [...args],
      env: { ...this.env, PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (!success) throw new Error(`${program}: ${text(stderr)}`);
    return text(stdout);
  }

  async until(what: string, isSo: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      if (await isSo()) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`not within ${seconds} s: ${what}`);
  }

  /** The processes of jobs on a node. */
  jobsOn(node: string): number[] {
    return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
      try {
        const environment = Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0");
        const has = (name: string, value: string) => environment.includes(`${name}=${value}`);
        return pid > 0 && has("SLURMD_NODENAME", node) && has("SLURM_CONF", this.env.SLURM_CONF!);
      } catch {
        return false;
      }
    });
  }

  /** Kills a node with what runs on it, as if it had lost its power. */
  killNode(node: string): void {
    const parent = (pid: number) =>
      Number(Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) \S+ /, "").split(" ")[0]);
    const jobs = this.jobsOn(node);
    const steps = jobs.map(parent).filter((pid) => pid > 1 && !jobs.includes(pid));
    kill(this.#pid(`slurmd-${node}.pid`));
    for (const pid of [...steps, ...jobs]) kill(pid);
  }

  #pid(file: string): number {
    try {
      return Number(Deno.readTextFileSync(join(this.#folder, file)));
    } catch {
      return 0;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("scancel", ["--me"]).catch(() => {});
    await this.until("no job runs", () => ["n1", "n2"].every((node) => this.jobsOn(node).length === 0), 20).catch(
      () => {},
    );
    for (const node of ["n1", "n2"]) for (const pid of this.jobsOn(node)) kill(pid);
    for (const name of ["slurmd-n1.pid", "slurmd-n2.pid", "slurmctld.pid", "munged.pid"]) kill(this.#pid(name));
    await new Promise((done) => setTimeout(done, 200));
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }
}

function kill(pid: number): void {
  try {
    if (pid > 1) Deno.kill(pid, "SIGKILL");
  } catch { /* it has ended */ }
}
