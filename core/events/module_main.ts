/**
 * The process in which a TypeScript file of the user's takes the events of a run. It is a process of its own and not a worker,
 * since a worker that uses up its memory ends the whole process, the run in it.
 *
 * The file's default export is a function that is called with each event, one after the other; it may return a promise. `close`,
 * where it is exported, is called after the last one.
 */
import { tell } from "../output.ts";

const [path] = Deno.args;

function fail(what: string): never {
  tell(`narrows: ${path}: ${what}`);
  Deno.exit(1);
}

const said = (error: unknown) => error instanceof Error ? error.stack ?? error.message : String(error);

const url = new URL("file:///");
url.pathname = path!.split("/").map(encodeURIComponent).join("/");
// deno-lint-ignore no-explicit-any -- what the user's file exports
const user: any = await import(url.href).catch((error) => fail(`cannot be loaded: ${said(error)}`));
if (typeof user.default !== "function") fail("has no default export that is a function of an event");

let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream() as ReadableWritablePair)) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    try {
      await user.default(JSON.parse(line));
    } catch (error) {
      fail(`failed: ${said(error)}`);
    }
  }
}
try {
  await user.close?.();
} catch (error) {
  fail(`close failed: ${said(error)}`);
}
Deno.exit(0); // whatever timers or connections it has left
