/** Runs a process to its end, and takes its time and the memory that it and its children have at most. */

export interface Ran {
  /** From its start to its end. */
  readonly seconds: number;
  /** The sum over the process and its children, of the largest memory that each had, in MB. */
  readonly peakMb: number;
  readonly stdout: string;
}

/** How often /proc is looked at. What ends between two looks counts as it was at the last one. */
const EVERY_MS = 20;

function childrenOf(pid: number): number[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) =>
      Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).split(" ").filter(Boolean).map(Number)
    );
  } catch {
    return []; // it has ended
  }
}

function note(pid: number, peaks: Map<number, number>): void {
  try {
    const kilobytes = /^VmHWM:\s*(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    if (kilobytes) peaks.set(pid, Number(kilobytes) * 1024 / 1e6);
  } catch {
    return;
  }
  for (const child of childrenOf(pid)) note(child, peaks);
}

/** @throws {Error} with what it printed on standard error, where it fails */
export async function measured([program, ...args]: readonly string[]): Promise<Ran> {
  const peaks = new Map<number, number>();
  const begun = performance.now();
  const child = new Deno.Command(program!, { args: [...args], stdout: "piped", stderr: "piped" }).spawn();
  const watch = setInterval(() => note(child.pid, peaks), EVERY_MS);
  const { success, stdout, stderr } = await child.output().finally(() => clearInterval(watch));
  const seconds = (performance.now() - begun) / 1000;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${text(stderr).trim()}`);
  return { seconds, peakMb: [...peaks.values()].reduce((sum, mb) => sum + mb, 0), stdout: text(stdout) };
}
