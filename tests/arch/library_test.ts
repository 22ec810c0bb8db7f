/** What the engine's library shows, needs and may never do, read from its ELF tables. */
import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { libraryPath } from "../../ffi/library.ts";
import { symbols } from "../../ffi/symbols.ts";

const ignore = Deno.build.os !== "linux";
if (!ignore) await ensureEngine({ quiet: true });

function output(program: string, ...args: string[]): string[] {
  const { success, stdout, stderr } = new Deno.Command(program, { args }).outputSync();
  assert(success, `${program}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).split("\n").filter(Boolean);
}

/** libc in the pieces that glibc comes in. */
const ALLOWED = /^(libc\.so\.6|libm\.so\.6|ld-linux-[\w-]+\.so\.\d)$/;

/** Ends the process or speaks on its stdout. Formatting into memory (snprintf) is fine, writing a named file too. */
const FORBIDDEN = new Set([
  ...["abort", "exit", "_exit", "_Exit", "quick_exit", "__assert_fail", "raise", "kill"],
  ...["printf", "__printf_chk", "vprintf", "__vprintf_chk", "puts", "putchar", "perror"],
  ...["stdout", "stderr", "_ZSt4cout", "_ZSt4cerr", "_ZSt4clog"],
]);

/** A signal that the process has asked to get as another one. */
const HANDED_ON = /\bsignals\.cpp\.o:\s+U kill$/;

Deno.test({
  name: "the library exports the functions of the header and nothing else",
  ignore,
  fn: () => {
    const exported = output("nm", "-D", "--defined-only", libraryPath()).map((line) => line.split(/\s+/).at(-1)!);
    assertEquals(exported.sort(), Object.keys(symbols).sort());
  },
});

Deno.test({
  name: "the library needs libc alone and stays loaded",
  ignore,
  fn: () => {
    const dynamic = output("readelf", "-dW", libraryPath());
    const needed = dynamic.flatMap((line) => /\(NEEDED\).*\[(.+)\]/.exec(line)?.[1] ?? []);
    assert(needed.includes("libc.so.6"), `needs ${needed}`);
    assertEquals(needed.filter((name) => !ALLOWED.test(name)), []);
    assert(dynamic.some((line) => /FLAGS_1.*\bNODELETE\b/.test(line)), "not linked with -z nodelete");
  },
});

Deno.test({
  name: "the engine's own objects never end the process nor print",
  ignore,
  fn: () => {
    const folder = dirname(libraryPath());
    const rooms = [...Deno.readDirSync(folder)].filter((entry) => entry.isDirectory).flatMap(({ name }) => {
      const path = join(folder, name, `libnarrows_${name}.a`);
      try {
        return Deno.statSync(path).isFile ? [path] : [];
      } catch {
        return []; // a folder of CMake's own
      }
    });
    assert(rooms.length >= 4, `only ${rooms.length} rooms found beside ${libraryPath()}`);
    const wrong = rooms.flatMap((path) =>
      output("nm", "-u", "--print-file-name", path).filter((line) =>
        FORBIDDEN.has(line.split(/\s+/).at(-1)!) && !HANDED_ON.test(line)
      )
    );
    assertEquals(wrong, []);
  },
});
