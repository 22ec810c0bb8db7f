/** Small promises about every file of the source tree. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { filesUnder, readText, ROOT } from "./tree.ts";

const CODE = [".ts", ".tsx", ".cpp", ".h"];
const TEXT = [...CODE, ".md", ".json", ".yaml", ".yml", ".txt", ".py", ".sh", "CMakeLists.txt", "LICENSE", "/run"];
const MOST_LINES = 500;
const MOST_BYTES = 8e6;

/** Written so that this file, which is looked at like any other, does not match. */
const UNFINISHED = /\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b|not[ ]implemented[ ]yet|lorem[ ]ipsum/i;
/** `/home/user` is nobody's: examples may use it. */
const MACHINE_PATH = /(^|[\s"'`(=:])\/(home\/(?!user\b)|root\/|work\/|Users\/)\w/;
const REGISTRY =
  /registry\.npmjs|\bnpmjs\.org|\bnpm\.jsr\.io|\bjsr\.io|\bdeb\.debian\.org|\bpypi\.org|pythonhosted\.org/;

const text = filesUnder("", TEXT);

/** `path:line: text` of every line that matches. */
function linesWith(pattern: RegExp): string[] {
  return text.flatMap((path) =>
    readText(path).split("\n").flatMap((line, i) => pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])
  );
}

Deno.test("files stay short enough to read", () => {
  const code = filesUnder("", CODE);
  assert(code.length > 20, `only ${code.length} files found`);
  const lengths = code.map((path) => ({ path, lines: readText(path).split("\n").length - 1 }));
  assertEquals(lengths.filter(({ lines }) => lines > MOST_LINES), []);
});

Deno.test("nothing is left unfinished", () => assertEquals(linesWith(UNFINISHED), []));

Deno.test("no path of one machine and no registry's host is named", () => {
  assertEquals(linesWith(MACHINE_PATH), []);
  assertEquals(linesWith(REGISTRY), []);
});

Deno.test("no file is too large for a repository", () => {
  const large = filesUnder("", [""]).filter((path) => Deno.statSync(join(ROOT, path)).size > MOST_BYTES);
  assertEquals(large, []);
});
