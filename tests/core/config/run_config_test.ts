/** The config of a run folder. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadRunConfig } from "../../../core/config/mod.ts";
import { testInFolder } from "../../temp.ts";

const CONFIG = `
data: { path: rows.npy, format: dense_npy }
model:
  encoder: [{ linear: 4 }]
  decoder: [{ linear: output }]
`;

testInFolder("config of a run: what an earlier version did not write keeps the meaning it had", async (dir) => {
  const startOf = async (text: string, overrides: string[] = []) => {
    await Deno.writeTextFile(join(dir, "config.yaml"), text);
    return loadRunConfig(dir, overrides).config.model.start;
  };
  assertEquals(await startOf(CONFIG), "random");
  assertEquals(await startOf(CONFIG + "  start: auto\n"), "auto");
  assertEquals(await startOf(CONFIG, ["model.start=pca"]), "pca");
});
