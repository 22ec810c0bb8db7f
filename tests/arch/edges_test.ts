/** Imports and includes follow the arrows of docs/architecture.md; whatever is not listed here is refused. */
import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { filesUnder, readText } from "./tree.ts";

/** What a TypeScript room may import. Outputs (tests, scripts, examples in docs) may use everything below them. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  spec: ["spec"],
  ffi: ["ffi", "spec"],
  core: ["core", "ffi", "spec"],
  reports: [
    ...["reports", "core/runs", "core/config/types.ts", "core/config/vocabulary.ts", "core/errors.ts"],
    "core/diagnostics",
    ...["core/figures.ts", "core/version.ts", "core/visible.ts"],
    ...["core/analysis", "core/sweep/read.ts"],
  ],
  studio: ["studio", "core", "ffi", "spec"],
  "studio/page": ["studio/page", "studio/protocol.ts", "studio/frame.ts", "core/figures.ts"],
  cli: ["cli", "core", "reports", "studio", "ffi"],
  "mod.ts": ["core", "reports", "ffi"],
  docs: ["mod.ts"],
  scripts: ["scripts", "core", "cli", "studio", "ffi"],
  bench: ["bench", "core", "reports", "ffi", "cli"],
  tests: ["tests", "cli", "core", "reports", "studio", "ffi", "scripts", "bench", "mod.ts", "compat", "docs"],
  compat: ["compat"],
};

/** What an engine room may include. */
const ENGINE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: ["base"],
  kernels: ["kernels", "base"],
  layers: ["layers", "losses", "kernels", "base"],
  losses: ["losses", "kernels", "base"],
  optim: ["optim", "kernels", "base"],
  data: ["data", "base"],
  model: ["model", "layers", "losses", "optim", "kernels", "base"],
  api: ["api", "model", "data", "layers", "losses", "optim", "kernels", "base"],
};
const TEST_ROOMS = ["tests", "bench", "fuzz"];

interface Edge {
  readonly from: string;
  readonly to: string;
}

/** Without comments, so that an example in a docstring is no import. Strings with // in them are cut, which is fine. */
const withoutComments = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");

/** Specifiers of static imports, re-exports and dynamic imports of a literal. */
export function importsOf(text: string): string[] {
  const pattern =
    /(?:^|[;}\s])(?:import|export)\s*(?:type\s+)?(?:[\w$*{}\s,]+?\s*from\s*)?"([^"\n]+)"|\bimport\(\s*["']([^"']+)["']/g;
  return [...withoutComments(text).matchAll(pattern)].map((match) => (match[1] ?? match[2])!);
}

const within = (path: string, allowed: readonly string[]) =>
  allowed.some((place) => path === place || path.startsWith(`${place}/`));

/** Edges between our own TypeScript files. */
function typescriptEdges(): Edge[] {
  return filesUnder("", [".ts", ".tsx"]).flatMap((from) =>
    importsOf(readText(from)).filter((specifier) => specifier.startsWith(".")).map((specifier) => ({
      from,
      to: join(dirname(from), specifier),
    }))
  );
}

const roomOf = (path: string) => path.startsWith("studio/page/") ? "studio/page" : path.split("/")[0]!;

export function wrongEdges(edges: readonly Edge[]): string[] {
  return edges.filter(({ from, to }) => !within(to, ROOMS[roomOf(from)] ?? []))
    .map(({ from, to }) => `${from} imports ${to}, which ${roomOf(from)} may not`);
}

Deno.test("TypeScript imports follow the arrows", () => {
  const edges = typescriptEdges();
  assert(edges.length > 5, `only ${edges.length} imports found`);
  assertEquals(wrongEdges(edges), []);
});

Deno.test("the check of imports refuses what it must", () => {
  const refused = (from: string, to: string) => wrongEdges([{ from, to }]).length === 1;
  assert(refused("core/train/trainer.ts", "cli/train.ts"));
  assert(refused("core/train/trainer.ts", "reports/mod.ts"));
  assert(refused("ffi/model.ts", "core/errors.ts"));
  assert(refused("spec/network.ts", "ffi/model.ts"));
  assert(refused("reports/page.ts", "ffi/model.ts"));
  assert(refused("reports/page.ts", "core/train/trainer.ts"));
  assert(refused("unknown_room/a.ts", "core/errors.ts"));
  assert(!refused("cli/train.ts", "core/errors.ts"));
  assertEquals(importsOf('import a from "./a.ts";\nexport {\n  b,\n  type C,\n} from "./b.ts";\nimport "./c.ts";'), [
    "./a.ts",
    "./b.ts",
    "./c.ts",
  ]);
  assertEquals(
    importsOf('const d = await import("./d.ts");\n/** import e from "./e.ts"; */\nimport * as f from "f";'),
    [
      "./d.ts",
      "f",
    ],
  );
});

Deno.test("folders of core do not import each other", () => {
  const folderOf = (path: string) => /^core\/(\w+)\//.exec(path)?.[1];
  const pairs = new Set<string>();
  for (const { from, to } of typescriptEdges()) {
    const [a, b] = [folderOf(from), folderOf(to)];
    if (a !== undefined && b !== undefined && a !== b) pairs.add(`${a} ${b}`);
  }
  assert(pairs.size > 10);
  const circles = [...pairs].map((pair) => pair.split(" ")).filter(([a, b]) => a! < b! && pairs.has(`${b} ${a}`));
  assertEquals(circles.map((pair) => pair.join(" <-> ")), []);
});

Deno.test("reports reach the engine in no number of steps", () => {
  const edges = typescriptEdges();
  const start = filesUnder("", [".ts"]).filter((path) => roomOf(path) === "reports");
  const reached = new Map(start.map((path) => [path, path]));
  for (const [path, way] of reached) {
    assert(roomOf(path) !== "ffi", `reports reach the engine: ${way}`);
    for (const { from, to } of edges) if (from === path && !reached.has(to)) reached.set(to, `${way} -> ${to}`);
  }
});

Deno.test("packages are those of the import map, without versions in the code", () => {
  const known = Object.keys(JSON.parse(readText("deno.json")).imports);
  const wrong = filesUnder("", [".ts", ".tsx"]).filter((path) => roomOf(path) !== "compat").flatMap((path) =>
    importsOf(readText(path)).filter((specifier) =>
      !specifier.startsWith(".") && !specifier.startsWith("node:") && !within(specifier, known)
    ).map((specifier) => `${path} imports ${specifier}`)
  );
  assertEquals(wrong, []);
});

Deno.test("mod.ts only re-exports", () => {
  if (!filesUnder("", ["mod.ts"]).includes("mod.ts")) return;
  const rest = withoutComments(readText("mod.ts")).replaceAll(/export\s+(type\s+)?\{[^}]*\}\s*from\s*"[^"]+";/g, "");
  assertEquals(rest.trim(), "");
});

/** Quoted includes: within the folder by name (benchmarks share the tests' headers), else room/header.h. */
function includeEdges(): Edge[] {
  const edges: Edge[] = [];
  const shared = new Set(filesUnder("cpp/tests", [".h"]));
  for (const from of filesUnder("cpp", [".h", ".cpp", ".c", ".cc", ".hpp", ".inc"])) {
    for (const [, header] of readText(from).matchAll(/^\s*#\s*include\s*"([^"]+)"/gm)) {
      const folder = from.startsWith("cpp/bench/") && shared.has(`cpp/tests/${header}`)
        ? "tests"
        : dirname(from.slice(4));
      edges.push({ from: from.slice(4), to: header!.includes("/") ? header! : `${folder}/${header}` });
    }
  }
  return edges;
}

export function wrongIncludes(edges: readonly Edge[]): string[] {
  return edges.filter(({ from, to }) => {
    if (!to.endsWith(".h")) return true;
    if (to.endsWith("/narrows.h")) return false; // the contract: every room may speak of its types
    const room = roomOf(from);
    const allowed = TEST_ROOMS.includes(room)
      ? [room, ...TEST_ROOMS, ...Object.keys(ENGINE_ROOMS)]
      : ENGINE_ROOMS[room];
    return !within(to, allowed ?? []);
  }).map(({ from, to }) => `cpp/${from} includes ${to}`);
}

Deno.test("includes of the engine follow the arrows, and only headers are included", () => {
  const edges = includeEdges();
  assert(edges.length > 10, `only ${edges.length} includes found`);
  assertEquals(wrongIncludes(edges), []);
  for (const { from, to } of edges) {
    if (!to.endsWith("/narrows.h")) assert(filesUnder("cpp", [".h"]).includes(`cpp/${to}`), `${from} includes ${to}`);
  }
});

Deno.test("the check of includes refuses what it must", () => {
  const refused = (from: string, to: string) => wrongIncludes([{ from, to }]).length === 1;
  assert(refused("base/a.cpp", "kernels/kernels.h"));
  assert(refused("data/a.cpp", "layers/linear.h"));
  assert(refused("kernels/a.cpp", "kernels/b.cpp"));
  assert(refused("model/a.cpp", "api/guard.h"));
  assert(refused("elsewhere/a.cpp", "base/status.h"));
  assert(!refused("api/a.cpp", "model/network.h"));
});
