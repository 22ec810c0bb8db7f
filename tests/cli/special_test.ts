/** Engines specialised to a config's shapes: what they are named by, when they are used, and that no bit differs. */
import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { basename, join } from "@std/path";
import { buildEngine } from "../../core/build/build.ts";
import { specialState } from "../../core/build/choose.ts";
import { ensureEngine } from "../../core/build/ensure.ts";
import { configHpp, shapesHash, shapesIn, shapesOf } from "../../core/build/shapes.ts";
import { specialTree, tree } from "../../core/build/tree.ts";
import { loadConfig } from "../../core/config/mod.ts";
import { ownSettings } from "../../core/config/sections.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine, libraryPath, useLibrary } from "../../ffi/library.ts";
import { Model } from "../../ffi/model.ts";
import { run, temporary } from "../helpers/cli.ts";
import { fingerprintOf, SMALL_CONFIG, smallProject, WIDE_CONFIG } from "../helpers/small_run.ts";

const ignore = Deno.build.os !== "linux" || Deno.env.get("NARROWS_LIBRARY") !== undefined;

/** Shapes that no other test has: those run on the general engine. */
const OWN = SMALL_CONFIG.replace("batch_size: 16", "batch_size: 8");
const shapesOfText = (text: string) => shapesOf(loadConfig({ file: "a.yaml", text }).config);

Deno.test("shapes: equal ones share a library whatever else differs; the header says them", () => {
  const shapes = shapesOfText(OWN);
  assertEquals(shapes, { widths: [24, 6, 24], batch: 8 });
  const other = OWN.replace("seed: 7", "seed: 8").replace(" relu,", " gelu,").replace("adamw", "adam");
  assertEquals(shapesHash(shapesOfText(other)), shapesHash(shapes));
  for (const [from, to] of [["linear: 6", "linear: 7"], ["batch_size: 8", "batch_size: 9"]]) {
    assertNotEquals(shapesHash(shapesOfText(OWN.replace(from!, to!))), shapesHash(shapes));
  }
  assertEquals(shapesIn(configHpp(shapes)), shapes);
  assertEquals(shapesIn(configHpp({ widths: [], batch: 3 })), { widths: [], batch: 3 });
  assertEquals(shapesIn("#pragma once"), null);
});

Deno.test({
  name: "a specialised library lies beside the general one, is stale when the sources change and missing when removed",
  ignore,
  fn: async () => {
    using folder = temporary();
    const root = folder.path;
    const source = join(root, "cpp", "engine.cpp");
    Deno.mkdirSync(join(root, "cpp"));
    Deno.writeTextFileSync(
      join(root, "cpp", "CMakeLists.txt"),
      `cmake_minimum_required(VERSION 3.20)
project(narrows LANGUAGES CXX)
add_library(narrows SHARED engine.cpp)
if(NARROWS_CONFIG_HPP)
  target_compile_definitions(narrows PRIVATE NARROWS_CONFIG_HPP="\${NARROWS_CONFIG_HPP}")
endif()
`,
    );
    Deno.writeTextFileSync(
      source,
      "#ifdef NARROWS_CONFIG_HPP\n#include NARROWS_CONFIG_HPP\nint batch = NARROWS_BATCH;\n#endif\n",
    );
    const [shapes, others] = [{ widths: [4, 2], batch: 3 }, { widths: [4, 2], batch: 5 }];
    const build = (made: typeof shapes) => buildEngine({ root, shapes: made, quiet: true });
    assertEquals(specialState(shapes, root), "missing");
    const { built, library } = await build(shapes);
    assertEquals([built, library], [true, specialTree(shapesHash(shapes), root).library]);
    assertEquals(basename(library), `libnarrows-${shapesHash(shapes)}.so`);
    assertEquals([specialState(shapes, root), specialState(others, root)], ["ready", "missing"]);
    assertEquals([(await build(shapes)).built, (await build(others)).built], [false, true]);
    Deno.writeTextFileSync(source, "int changed;\n");
    assertEquals([specialState(shapes, root), specialState(others, root)], ["stale", "stale"]);
    assertEquals((await build(shapes)).built, true);
    assertEquals([specialState(shapes, root), specialState(others, root)], ["ready", "stale"]);
    Deno.writeTextFileSync(source, "no C++\n");
    await assertRejects(() => build(others));
    assertEquals(specialState(others, root), "stale", "a failed build leaves nothing that is used");
    Deno.removeSync(library);
    assertEquals(specialState(shapes, root), "missing");
  },
});

Deno.test({
  name: "another library is taken only while no object of the engine is open",
  ignore,
  fn: async () => {
    await ensureEngine({ quiet: true });
    using folder = temporary();
    const before = engine();
    const copy = join(folder.path, "libnarrows-copy.so");
    Deno.copyFileSync(tree().library, copy);
    const linear = { kind: "linear", size: 2, bias: true, init: "default", tied: false } as const;
    const rest = { solver: "dense", update: "least_squares", forgetting: 0.99, ridge: "auto" } as const;
    const { loss, optimizer } = loadConfig({ text: OWN }).config;
    const rule = ownSettings(optimizer);
    const spec = { columns: 4, seed: 1, threads: 1, trainingRows: 1, loss, optimizer: rule, precision: "f32" } as const;
    const layers = { encoder: [{ ...linear, ...rest }], decoder: [{ ...linear, ...rest, size: "output" as const }] };
    const model = Model.create({ ...spec, ...layers, gradientClip: 0 });
    assertEquals([useLibrary(copy), libraryPath(), engine() === before], [false, tree().library, true]);
    model.close();
    assertEquals([useLibrary(copy), libraryPath()], [true, copy]);
    assert(engine() !== before);
    const nowhere = join(folder.path, "none.so");
    assertThrows(() => useLibrary(nowhere), EngineError, nowhere);
    assertEquals(libraryPath(), copy);
    assertEquals([useLibrary(null), engine() === before], [true, true]);
  },
});

Deno.test({
  name: "train finds the specialised engine, says so, uses no stale one; weights and logs have the general one's bits",
  ignore,
  fn: async () => {
    await ensureEngine({ quiet: true });
    using folder = temporary();
    const config = smallProject(folder.path, OWN);
    const shapes = shapesOfText(OWN);
    const where = specialTree(shapesHash(shapes)), file = basename(where.library);
    assertEquals((await run("build", ["--config", config, "--quiet"])).code, 0);
    assertEquals(await run("build", ["--config", config]), { code: 0, signal: null, stdout: "", stderr: "" });
    let runs = 0;
    const train = async (path: string, env: Record<string, string> = {}) => {
      const folderOfRun = join(folder.path, `run${++runs}`);
      const result = await run("train", ["--config", path, "--run-dir", folderOfRun, "--no-report"], env);
      assertEquals(result.code, 0, result.stderr);
      const environment = JSON.parse(Deno.readTextFileSync(join(folderOfRun, "environment.json")));
      return { path: folderOfRun, stderr: result.stderr, environment, bits: fingerprintOf(folderOfRun) };
    };
    const special = await train(config);
    assertEquals(special.environment.library, {
      kind: "specialised",
      file,
      reason: "made for widths 24-6-24, batch 8",
    });
    assertEquals(special.environment.engine.specialised, "widths 24-6-24, batch 8");
    const general = await train(config, { NARROWS_LIBRARY: tree().library });
    assertEquals([general.environment.library.kind, general.environment.engine.specialised], ["named", "none"]);
    assertEquals(special.bits, general.bits);

    // Other shapes on the same library: it knows none of these sizes, or only some.
    let compared = 0;
    for (const text of [WIDE_CONFIG, OWN.replace("batch_size: 8", "batch_size: 7")]) {
      using other = temporary();
      const path = smallProject(other.path, text);
      const named = await train(path, { NARROWS_LIBRARY: where.library });
      assertEquals(named.environment.engine.specialised, "widths 24-6-24, batch 8");
      assertEquals(named.bits, (await train(path, { NARROWS_LIBRARY: tree().library })).bits);
      compared++;
    }
    assertEquals(compared, 2);

    const evaluated = await run("evaluate", ["--run", special.path, "--json"]);
    assertEquals([evaluated.code, evaluated.stderr], [0, ""]);
    const dry = await run("train", ["--config", config, "--dry-run"]);
    assertStringIncludes(dry.stdout, `engine     specialised, ${file}: made for widths 24-6-24, batch 8`);
    const doctor = await run("doctor", ["--config", config]);
    assertStringIncludes(doctor.stdout, `${file}, widths 24-6-24, batch 8, up to date`);

    // As if the sources had changed since.
    const stampFile = join(where.build, ".built-library.json");
    const stamp = Deno.readTextFileSync(stampFile);
    Deno.writeTextFileSync(stampFile, JSON.stringify({ ...JSON.parse(stamp), sources: "others" }));
    try {
      const after = await train(config);
      assertStringIncludes(
        after.environment.library.reason,
        `${file} was made of other sources or by another compiler`,
      );
      assertEquals(after.environment.library.kind, "general");
      assertEquals(after.bits, general.bits);
      assertStringIncludes((await run("train", ["--config", config, "--dry-run"])).stdout, "engine     general");
    } finally {
      Deno.writeTextFileSync(stampFile, stamp);
    }
  },
});

Deno.test("build --config: wrong uses end with 2 and one line", async () => {
  using folder = temporary();
  const config = smallProject(folder.path, OWN);
  const wrong = [["--override", "seed=1"], ["--config", join(folder.path, "none.yaml")], [
    ...["--config", config, "--sanitize", "address"],
  ]];
  for (const args of wrong) {
    const { code, stderr } = await run("build", args);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, "narrows: ");
  }
});
