/** No log, however absurd, makes a report fail or run for ever. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

Deno.test("report: logs of absurd numbers are drawn, each in bounded time", async () => {
  const program = fromFileUrl(new URL("./absurd.ts", import.meta.url));
  const args = ["run", "-A", "--no-check", "--v8-flags=--max-old-space-size=1024", program, "0", "12"];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const lines = new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.split(" ").map(Number));
  assertEquals(lines.length, 12);
  for (const [seed, ms] of lines) assert(ms! < 30_000, `run ${seed} took ${ms} ms`);
});
