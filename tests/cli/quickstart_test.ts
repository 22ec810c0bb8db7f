/** The quickstart's config and data, as the compiled program unpacks them. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { unpacked } from "../../cli/quickstart.ts";
import { ROOT, run, temporary } from "../helpers/cli.ts";

Deno.test("quickstart: what is unpacked trains; what is there stays, and what was cut short is made again", async () => {
  using folder = temporary();
  const config = await unpacked(ROOT, folder.path);
  assertEquals(Deno.readTextFileSync(config), Deno.readTextFileSync(join(ROOT, "configs/quickstart.yaml")));
  const { code, stdout, stderr } = await run("train", [config, "--dry-run"]);
  assertEquals(code, 0, stderr);
  assertEquals(/271 rows x 47,192 columns/.test(stdout), true, stdout);
  const chunk = join(folder.path, "data/hsmm/hsmm_1.npz"), whole = Deno.readFileSync(chunk);
  Deno.truncateSync(chunk, 100);
  Deno.utimeSync(config, 1, 1);
  assertEquals(await unpacked(ROOT, folder.path), config);
  assertEquals(Deno.statSync(config).mtime?.getTime(), 1000);
  assertEquals(Deno.readFileSync(chunk), whole);
});
