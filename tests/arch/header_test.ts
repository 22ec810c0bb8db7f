/** cpp/include/narrows.h against ffi/symbols.ts: the same functions with the same parameters, both ways. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { findProgram } from "../../core/build/programs.ts";
import { ABI_VERSION } from "../../ffi/library.ts";
import { symbols } from "../../ffi/symbols.ts";
import { readText, ROOT } from "./tree.ts";

const HEADER = "cpp/include/narrows.h";
const HANDLES = ["nrw_chunk*", "nrw_batches*", "nrw_model*", "nrw_pca*"];
const SCALARS: Readonly<Record<string, string>> = {
  uint32_t: "u32",
  int32_t: "i32",
  uint64_t: "u64",
  double: "f64",
  float: "f32",
  uint8_t: "u8",
};

interface Declaration {
  readonly result: string;
  /** `type name`, spaces and stars as in symbols.ts. */
  readonly parameters: readonly string[];
}

function declarations(header: string): Map<string, Declaration> {
  const code = header.replaceAll(/\/\*[\s\S]*?\*\//g, " ").replaceAll(/^\s*#.*$/gm, "");
  const found = new Map<string, Declaration>();
  for (const [, result, name, list] of code.matchAll(/NRW_API\s+(\w+)\s+(\w+)\(([^)]*)\)\s*NRW_NOEXCEPT\s*;/g)) {
    const parameters = list!.split(",").map((parameter) => parameter.trim().replaceAll(/\s+/g, " "));
    found.set(name!, { result: result!, parameters: parameters[0] === "void" ? [] : parameters });
  }
  assertEquals(found.size, [...code.matchAll(/\bNRW_API\s+\w/g)].length, "a declaration that this test cannot read");
  return found;
}

/** The FFI type of a C parameter: handles are pointers, memory of ours is a buffer, numbers keep their width. */
function ffiType(parameter: string): string {
  const type = parameter.replace(/\s*\w+$/, "");
  if (HANDLES.includes(type)) return "pointer";
  return type.endsWith("*") ? "buffer" : SCALARS[type] ?? `unknown ${type}`;
}

/** `name: [comment of each parameter]` as written in symbols.ts, where the comments are C declarations. */
function annotations(source: string): Map<string, string[]> {
  const entries = source.matchAll(/^ {2}(nrw_\w+): \{\n {4}parameters: \[([\s\S]*?)\],\n/gm);
  return new Map(
    [...entries].map(([, name, list]) => [name!, [...list!.matchAll(/\/\/ (.*)$/gm)].map((match) => match[1]!)]),
  );
}

const inHeader = declarations(readText(HEADER));
const inTable: Readonly<Record<string, { parameters: readonly string[]; result: string; nonblocking?: boolean }>> =
  symbols;

Deno.test("header and symbol table name the same functions", () => {
  assert(inHeader.size > 10, `only ${inHeader.size} functions found in the header`);
  assertEquals(Object.keys(inTable).sort(), [...inHeader.keys()].sort());
});

Deno.test("parameters and results are the header's, by type and by annotation", () => {
  const comments = annotations(
    ["symbols", "graph_symbols", "model_symbols", "pca_symbols"].map((file) => readText(`ffi/${file}.ts`)).join(""),
  );
  for (const [name, { result, parameters }] of inHeader) {
    assertEquals(inTable[name]?.parameters, parameters.map(ffiType), `${name}: types`);
    assertEquals(inTable[name]?.result, SCALARS[result], `${name}: result`);
    assertEquals(comments.get(name), [...parameters], `${name}: annotations`);
  }
});

Deno.test("what the header calls slow does not block", () => {
  let slow = 0;
  for (const [, block, name] of readText(HEADER).matchAll(/\/\*((?:(?!\*\/)[\s\S])*)\*\/\s*NRW_API\s+\w+\s+(\w+)/g)) {
    if (!/off the main\s+(\*\s+)?thread/.test(block!)) continue;
    slow++;
    assert(inTable[name!]?.nonblocking, `${name} must be nonblocking`);
  }
  assert(slow > 0);
});

Deno.test("the ABI version is the header's", () => {
  assertEquals(Number(/#define NRW_ABI_VERSION (\d+)u/.exec(readText(HEADER))?.[1]), ABI_VERSION);
});

for (
  const [language, names, standard] of [["c", ["cc", "gcc", "clang"], "c99"], [
    "c++",
    ["c++", "clang++"],
    "c++20",
  ]] as const
) {
  const compiler = findProgram(names);
  Deno.test({
    name: `the header compiles as ${language}`,
    ignore: compiler === null,
    fn: () => {
      const args = ["-x", language, `-std=${standard}`, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"];
      const { success, stderr } = new Deno.Command(compiler!, { args: [...args, join(ROOT, HEADER)] }).outputSync();
      assert(success, new TextDecoder().decode(stderr));
    },
  });
}
