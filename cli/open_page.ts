/** Opens the studio's page in the user's browser. */
import { join, toFileUrl } from "@std/path";
import { findProgram } from "../core/build/programs.ts";

/** The program that opens a file in the browser of choice; null where there is no screen to show it on. */
function opener(): string | null {
  if (Deno.build.os === "darwin") return findProgram(["open"]);
  const hasScreen = (Deno.env.get("WAYLAND_DISPLAY") || Deno.env.get("DISPLAY") || "") !== "";
  return hasScreen ? findProgram(["xdg-open"]) : null;
}

/**
 * Opens a page, where somebody sits at a terminal with a screen; does nothing elsewhere. The address has a token, and the arguments
 * of a program can be seen by all users of a machine: so the browser is given a file that only this user can read, which leads there.
 * A browser that does not open is no error, since the address is printed too.
 * @returns removes the file when disposed of
 */
export function openPage(url: string): Disposable {
  const program = Deno.stdout.isTerminal() ? opener() : null;
  if (program === null) return { [Symbol.dispose]: () => {} };
  const folder = Deno.makeTempDirSync({ prefix: "narrows-studio-" });
  const path = join(folder, "open.html");
  Deno.writeTextFileSync(path, redirectTo(url), { mode: 0o600 });
  try {
    const args = [toFileUrl(path).href];
    new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn().unref();
  } catch { /* the address is printed */ }
  return {
    [Symbol.dispose]() {
      try {
        Deno.removeSync(folder, { recursive: true });
      } catch { /* who cleans up temporary files was faster */ }
    },
  };
}

/** A page that leads to an address. */
export function redirectTo(url: string): string {
  const address = url.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return `<!doctype html>\n<meta charset="utf-8">\n<title>Narrows</title>\n` +
    `<meta http-equiv="refresh" content="0; url=${address}">\n<p><a href="${address}">The studio</a></p>\n`;
}
