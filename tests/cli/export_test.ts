/** `export`, as a user meets it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { smallProject } from "../helpers/small_run.ts";

Deno.test("export writes each format without the data, and says what is wrong in one line", async () => {
  using folder = temporary();
  const at = (...names: string[]) => join(folder.path, ...names);
  const config = smallProject(folder.path);
  const trained = await run("train", [config, "--run-dir", at("run"), "--quiet", "--no-report"]);
  assertEquals(trained.code, 0, trained.stderr);
  Deno.removeSync(at("chunks"), { recursive: true });
  for (const [format, ...files] of [["onnx", "m.onnx"], ["npz", "m.npz"], ["torch", "m.py", "m.safetensors"]]) {
    const { code, stdout, stderr } = await run("export", [at("run"), "--output", at(files[0]!), "--json"]);
    assertEquals(code, 0, stderr);
    const told = JSON.parse(stdout);
    assertEquals(told.format, format);
    assertEquals(told.files, files.map((file) => at(file)));
    for (const file of files) assert(Deno.statSync(at(file)).size > 1000, file);
  }
  const named = await run("export", ["--run", at("run"), "--format", "safetensors", "--checkpoint", "latest"]);
  assertEquals(named.code, 0, named.stderr);
  assertStringIncludes(named.stdout, "model.safetensors: safetensors of step-");
  const wrong: [string[], string][] = [
    [[at("run")], "--format: must be given"],
    [[at("run"), "--output", at("m.bin")], "does not say the format by its ending"],
    [[at("run"), "--format", "torch", "--output", at("m.pt")], "must end in .py"],
    [[at("run"), "--format", "onnx", "--checkpoint", "step-000000999"], "there is no such checkpoint"],
    [[folder.path, "--format", "onnx"], "is a folder of runs, not a run folder"],
  ];
  for (const [args, text] of wrong) {
    const { code, stderr, stdout } = await run("export", args);
    assertEquals([code, stdout], [2, ""], stderr);
    assertStringIncludes(stderr, text);
  }
});
