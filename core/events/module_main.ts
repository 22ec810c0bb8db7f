/**
 * The process in which a TypeScript file of the user's takes the events of a run. It is a process of its own and not a worker,
 * since a worker that uses up its memory ends the whole process, the run in it.
 *
 * The file's default export is a function that is called with each event, one after the other; it may return a promise. `close`,
 * where it is exported, is called after the last one.
 */
import { failWith, loadModule, said } from "../user_module.ts";

const [path = ""] = Deno.args;
const user = await loadModule(path, "an event");

let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream() as ReadableWritablePair)) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    try {
      await user.default(JSON.parse(line));
    } catch (error) {
      failWith(path, `failed: ${said(error)}`);
    }
  }
}
try {
  await user.close?.();
} catch (error) {
  failWith(path, `close failed: ${said(error)}`);
}
Deno.exit(0); // whatever timers or connections it has left
