/** Commands as the user is to type them. */
import { assertEquals } from "@std/assert";
import { commandText, shellWord } from "../../../core/runs/command.ts";

Deno.test("words are quoted for a shell where they must be", () => {
  assertEquals(["runs/a-1", "it's; rm", ""].map(shellWord), ["runs/a-1", `'it'\\''s; rm'`, "''"]);
  assertEquals(commandText("train", "--resume", "my runs/a"), "deno task train --resume 'my runs/a'");
});
