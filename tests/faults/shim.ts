/** io_shim.c as a library to preload. */
import { assert } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const SOURCE = fromFileUrl(new URL("./io_shim.c", import.meta.url));

/** Of io_shim.c. */
export const MODES = { fail_once: 1, dead: 2, torn: 3, kill: 4 } as const;
/** Reading counts as well. */
export const READS = 4;
export const EIO = 5;

/** The library, which is preloaded in this process, to arm it. */
export function openShim(path: string) {
  return Deno.dlopen(path, {
    fault_arm: { parameters: ["buffer", "i32", "f64", "i32", "i32"], result: "void" },
    fault_disarm: { parameters: [], result: "f64" },
    fault_trace: { parameters: ["buffer", "f64"], result: "f64" },
    fault_power_loss: { parameters: ["i32"], result: "void" },
  }).symbols;
}

/** Compiles it into a folder; null where there is no Linux or no C compiler. */
export async function buildShim(folder: string): Promise<string | null> {
  if (Deno.build.os !== "linux") return null;
  const shim = join(folder, "io_shim.so");
  const args = ["-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", shim, SOURCE, "-ldl", "-lpthread"];
  try {
    const { success, stderr } = await new Deno.Command(Deno.env.get("CC") ?? "cc", { args }).output();
    assert(success, new TextDecoder().decode(stderr));
    return shim;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

export function skip(why: string): void {
  console.log(`  skipped: ${why}`);
}

/** A folder in memory where there is one: thousands of fsyncs are slow on a disk, and prove no more there. */
export async function inFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const memory = Deno.build.os === "linux" && await Deno.stat("/dev/shm").then((info) => info.isDirectory, () => false);
  const dir = await Deno.makeTempDir({ prefix: "narrows-faults-", dir: memory ? "/dev/shm" : undefined });
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Such a folder, and the library in it. */
export async function withShim(body: (shim: string, dir: string) => Promise<void>): Promise<void> {
  await inFolder(async (dir) => {
    const shim = await buildShim(dir);
    if (shim === null) return skip("preloading needs Linux and a C compiler");
    await body(shim, dir);
  });
}
