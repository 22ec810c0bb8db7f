/**
 * Writes studio/page/public/page.js, the program of the studio's page, from studio/page/main.ts and what it imports. Its first line
 * has a hash of these files, which a test compares: `deno run -A scripts/write_page.ts` after a change.
 */
import { join } from "@std/path";
import { ROOT } from "../core/build/tree.ts";

export const PAGE_FILE = join(ROOT, "studio/page/public/page.js");

/** Files of which the page's program is made: those of its folder, what it imports from elsewhere, and the versions. */
function sources(): string[] {
  const own = [...Deno.readDirSync(join(ROOT, "studio/page"))].filter(({ name }) => name.endsWith(".ts"))
    .map(({ name }) => `studio/page/${name}`).sort();
  return [...own, "studio/frame.ts", "core/figures.ts"];
}

/** SHA-256 of the sources and of the version of each package that they use, in 16 hexadecimal digits. */
export async function sourcesHash(): Promise<string> {
  const { imports } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json"))) as { imports: Record<string, string> };
  const parts = sources().map((path) => `${path}\n${Deno.readTextFileSync(join(ROOT, path))}`);
  const bytes = new TextEncoder().encode([imports["twgl.js"], ...parts].join("\0"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const firstLine = (hash: string): string => `// Made from studio/page by scripts/write_page.ts; sources ${hash}`;

if (import.meta.main) {
  const output = await Deno.makeTempFile({ suffix: ".js" });
  const args = [
    "bundle",
    "--quiet",
    "--platform",
    "browser",
    "--minify",
    "-o",
    output,
    join(ROOT, "studio/page/main.ts"),
  ];
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdout: "inherit", stderr: "inherit" })
    .spawn().status;
  if (!success) Deno.exit(1);
  const program = Deno.readTextFileSync(output);
  Deno.removeSync(output);
  Deno.writeTextFileSync(PAGE_FILE, `${firstLine(await sourcesHash())}\n${program.trimEnd()}\n`);
}
