/** A TypeScript file of the user's, in the process that runs it. What goes wrong is printed, which is into its log. */
import { tell } from "./output.ts";

/** Says what is wrong with a file and ends the process. */
export function failWith(path: string, what: string): never {
  tell(`narrows: ${path}: ${what}`);
  Deno.exit(1);
}

export const said = (error: unknown) => error instanceof Error ? error.stack ?? error.message : String(error);

/**
 * Loads a file whose default export is a function; without one the process ends.
 * @param path absolute
 * @param of what the function is of, in words
 */
// deno-lint-ignore no-explicit-any -- what the user's file exports
export async function loadModule(path: string, of: string): Promise<any> {
  const url = new URL("file:///");
  url.pathname = path.split("/").map(encodeURIComponent).join("/");
  const user = await import(url.href).catch((error) => failWith(path, `cannot be loaded: ${said(error)}`));
  if (typeof user.default !== "function") failWith(path, `has no default export that is a function of ${of}`);
  return user;
}
