/** The schema's other faces: JSON Schema for editors, the reference page, the nearest name. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { configJsonSchema, loadConfig } from "../../../core/config/mod.ts";
import { type JsonSchema, knownPaths } from "../../../core/config/json_schema.ts";
import { editDistance, nearest, nearestKey } from "../../../core/config/nearest.ts";
import { configReference } from "../../../core/config/reference.ts";

const TEXT = "data: {path: x}\nmodel: {encoder: [{linear: 8}], decoder: [{linear: output}]}\n";

Deno.test("docs/config.md is what the schema says", async () => {
  const page = await Deno.readTextFile(fromFileUrl(new URL("../../../docs/config.md", import.meta.url)));
  assertEquals(page, configReference(), "run: deno run -A core/config/reference.ts");
});

Deno.test("every key of the schema has a description and a known path, and is in a resolved config", () => {
  const schema = configJsonSchema() as JsonSchema;
  const plain = loadConfig({ text: TEXT, cwd: "/w" }).explain("");
  const paths = knownPaths();
  assert(paths.length > 60);
  const found = new Set<string>();
  const collect = (explanation: typeof plain) => {
    found.add(explanation.key);
    assert(explanation.key === "" || explanation.description !== "", `${explanation.key} has no description`);
    explanation.below.forEach(collect);
  };
  collect(plain);
  assertEquals(paths.filter((path) => !found.has(path)), ["extends"]);
  assertEquals(Object.keys(schema.properties ?? {}).length, 17);
});

Deno.test("the JSON Schema is closed, requires no key, and has layers in all their forms", () => {
  const schema = configJsonSchema() as JsonSchema & Record<string, unknown>;
  assertEquals(schema["$schema"], "http://json-schema.org/draft-07/schema#");
  assertEquals(schema["additionalProperties"], false);
  assertEquals(schema["required"], undefined);
  assertEquals((schema.properties?.["model"] as Record<string, unknown>)["required"], undefined);
  const layer = schema.definitions?.["layer"];
  assert(layer?.anyOf?.some((branch) => branch.enum?.includes("relu")));
  const linear = layer?.anyOf?.find((branch) => branch.properties?.["linear"]) as JsonSchema & Record<string, unknown>;
  assertEquals(linear["required"], ["linear"]);
  assertEquals(Object.keys(linear.properties ?? {}), [
    "linear",
    "bias",
    "init",
    "tied",
    "solver",
    "update",
    "forgetting",
    "ridge",
    "free",
  ]);
});

Deno.test("edit distance counts inserts, deletes, replacements and swaps of neighbours", () => {
  assertEquals(editDistance("", "abc"), 3);
  assertEquals(editDistance("abc", "abc"), 0);
  assertEquals(editDistance("epcohs", "epochs"), 1);
  assertEquals(editDistance("kitten", "sitting"), 3);
  assertEquals(editDistance("ca", "abc"), 3);
});

Deno.test("the nearest name is a slip of the hand, another tool's name, or the same name elsewhere", () => {
  assertEquals(nearest("relux", ["relu", "elu"]), "relu");
  assertEquals(nearest("xyz", ["relu", "elu"]), undefined);
  assertEquals(nearest("x".repeat(1000), ["relu"]), undefined);
  const known = knownPaths();
  assert(known.includes("training.early_stopping.patience"));
  for (
    const [unknown, meant] of [
      ["lr", "optimizer.learning_rate"],
      ["epochs", "training.epochs"],
      ["batch_size", "data.batch_size"],
      ["BatchSize", "data.batch_size"],
      ["num_workers", "data.workers"],
      ["model.hidden", "model.encoder"],
      ["training.lr", "optimizer.learning_rate"],
      ["trainig", "training"],
      ["training.early_stop", "training.early_stopping"],
      ["data.split.val", "data.split.validation"],
      ["learning_rat", "optimizer.learning_rate"],
      ["toString", undefined],
      ["qqqqqq", undefined],
    ] as const
  ) assertEquals(nearestKey(unknown, known), meant, unknown);
});
