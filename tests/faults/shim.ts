/** io_shim.c as a library to preload. */
import { assert } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const SOURCE = fromFileUrl(new URL("./io_shim.c", import.meta.url));

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
