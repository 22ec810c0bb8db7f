/** Commands as the user is to type them. */
import { assertEquals } from "@std/assert";
import { commandFrom, commandText, shellWord, type Start, taskText } from "../../../core/runs/command.ts";

const CLI = new URL("../../../cli/", import.meta.url);
const HERE = decodeURIComponent(new URL("..", CLI).pathname).replace(/\/$/, "");

const start = (change: Partial<Start>): Start => ({
  standalone: false,
  main: new URL("train.ts", CLI).href,
  cwd: HERE,
  deno: "/usr/bin/deno",
  ...change,
});

Deno.test("commands can be pasted into a shell", () => {
  assertEquals(commandText("train", "--resume", "my runs/a"), "deno task train --resume 'my runs/a'");
  assertEquals(taskText("train", "--config", "a.yaml"), "deno task train --config a.yaml");
  assertEquals(["runs/a-1", "it's; rm", ""].map(shellWord), ["runs/a-1", `'it'\\''s; rm'`, "''"]);
});

Deno.test("commands are in the form in which the program was started", () => {
  assertEquals(commandFrom(start({}), "embed", "--run", "a"), "deno run -A cli/embed.ts --run a");
  assertEquals(commandFrom(start({ cwd: "/" }), "embed"), `deno run -A ${HERE.slice(1)}/cli/embed.ts`);
  assertEquals(commandFrom(start({ cwd: "/nowhere" }), "embed"), `deno run -A ${HERE}/cli/embed.ts`);
  assertEquals(commandFrom(start({}), "config check", "a"), "deno run -A cli/config.ts check a");
  const main = new URL("main.ts", CLI).href;
  assertEquals(commandFrom(start({ main }), "config check", "a"), "deno run -A cli/main.ts config check a");
  assertEquals(commandFrom(start({ initCwd: "/nowhere" }), "embed"), "deno task embed");
  const deno = "/home/user/.npm/_npx/05eaf7a51e5e1ae4/node_modules/deno/deno";
  assertEquals(commandFrom(start({ initCwd: "/nowhere", deno }), "embed"), "npx --yes deno task embed");
  const elsewhere = { initCwd: "/nowhere", cwd: "/nowhere", deno };
  assertEquals(commandFrom(start(elsewhere), "embed"), `npx --yes deno run -A ${HERE}/cli/embed.ts`);
  const binary = (deno: string, path?: string) => commandFrom(start({ standalone: true, deno, path }), "embed");
  assertEquals(binary("/opt/bin/narrows", "/usr/bin:/opt/bin/"), "narrows embed");
  assertEquals(binary("/opt/bin/narrows", "/usr/bin"), "/opt/bin/narrows embed");
  assertEquals(binary(`${HERE}/build/narrows`), "build/narrows embed");
  assertEquals(binary(`${HERE}/narrows`, ""), "./narrows embed");
  assertEquals(commandFrom(start({ main: "file:///nowhere/cli/train.ts" }), "embed"), "deno task embed");
});
