import { readersEnded } from "../core/data/readers/process_client.ts";

/** A test whose body gets a folder of its own, removed afterwards; sanitizers on. */
export function testInFolder(name: string, body: (dir: string) => Promise<void> | void): void {
  Deno.test({
    name,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      const dir = await Deno.makeTempDir({ prefix: "narrows-test-" });
      try {
        await body(dir);
      } finally {
        await readersEnded();
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}
