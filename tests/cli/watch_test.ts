/** `report --watch`: a page of one's own machine that follows a run. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import { command, run, temporary } from "../helpers/cli.ts";
import { SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";

/** The first line that a process prints. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<{ line: string; rest: Promise<string> }> {
  const reader = stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  const at = text.indexOf("\n");
  const rest = (async () => {
    let more = text.slice(at + 1);
    for (let part = await reader.read(); !part.done; part = await reader.read()) more += part.value;
    return more;
  })();
  return { line: text.slice(0, at), rest };
}

/** Asks by hand, since `fetch` chooses the host. @returns the status line and all that follows */
async function ask(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(request.replaceAll("\n", "\r\n")));
  let text = "";
  const decoder = new TextDecoder(), buffer = new Uint8Array(1 << 16);
  for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
    text += decoder.decode(buffer.subarray(0, n), { stream: true });
  }
  return text;
}

async function until(wanted: () => boolean | Promise<boolean>): Promise<void> {
  const begun = performance.now();
  while (!await wanted()) {
    assert(performance.now() - begun < 60_000, "waited for a minute");
    await new Promise((done) => setTimeout(done, 50));
  }
}

Deno.test("report --watch follows a run that is trained, and Ctrl-C writes the report", async () => {
  await ensureEngine({ quiet: true });
  using folder = temporary();
  const config = smallProject(folder.path, SMALL_CONFIG.replace("epochs: 3", "epochs: 100000"));
  const at = join(folder.path, "run");
  const training = command("train", ["--config", config, "--run-dir", at, "--quiet", "--no-report"]).spawn();
  const trained = training.output();
  const steps = () => {
    try {
      return Deno.readTextFileSync(join(at, "epochs.csv")).split("\n").length;
    } catch {
      return 0;
    }
  };
  await until(() => steps() > 2);
  const watching = command("report", ["--run", at, "--watch"]).spawn();
  const { line, rest } = await firstLine(watching.stdout);
  const [, port, token] = /^report: http:\/\/127\.0\.0\.1:(\d+)\/\?token=([0-9a-f]{48})$/.exec(line)!;
  const url = `http://127.0.0.1:${port}/?token=${token}`;

  const first = await fetch(url);
  const text = await first.text();
  assertEquals([first.status, first.headers.get("refresh")], [200, "5"]);
  assertMatch(first.headers.get("content-security-policy")!, /^default-src 'none'.*frame-ancestors 'none'/);
  assert(!text.includes("<script") && text.includes("unfinished"));
  let second = text;
  await until(async () => (second = await (await fetch(url)).text()) !== text);
  assertStringIncludes(second, "Loss by epoch");

  // Nobody else gets the page: no other host, no other token, nothing but reading, no other path.
  const bare = `Connection: close\n\n`;
  const own = `Host: 127.0.0.1:${port}\n${bare}`;
  const statusOf = async (request: string) => Number((await ask(Number(port), request)).split(" ")[1]);
  assertEquals(await statusOf(`GET /?token=${token} HTTP/1.1\n${own}`), 200);
  assertEquals(await statusOf(`GET /?token=${token} HTTP/1.1\nHost: evil.example:${port}\n${bare}`), 403);
  assertEquals(await statusOf(`GET /?token=${token} HTTP/1.1\nHost: localhost:${port}\n${bare}`), 403);
  assertEquals(await statusOf(`GET / HTTP/1.1\n${own}`), 403);
  assertEquals(await statusOf(`GET /?token=${token!.replaceAll(/./g, "0")} HTTP/1.1\n${own}`), 403);
  assertEquals(await statusOf(`POST /?token=${token} HTTP/1.1\nContent-Length: 0\n${own}`), 405);
  assertEquals(await statusOf(`GET /etc/passwd?token=${token} HTTP/1.1\n${own}`), 404);

  const taken = await run("report", ["--run", at, "--watch", "--port", port!]);
  assertEquals([taken.code, taken.stdout], [2, ""]);
  assertStringIncludes(taken.stderr, `--port ${port}: is used by another program`);

  training.kill("SIGTERM");
  assertEquals((await trained).code, 143);
  assertEquals((await fetch(url)).headers.get("refresh"), "30", "nothing is trained any more");
  const last = await (await fetch(url)).text();
  watching.kill("SIGINT");
  const [{ code }, errors] = await Promise.all([watching.status, new Response(watching.stderr).text()]);
  assertEquals([code, errors], [0, ""]);
  assertStringIncludes(await rest, join(at, "report.html"));
  assertEquals(Deno.readTextFileSync(join(at, "report.html")), last);
});

Deno.test("report --watch: what cannot be served is said at once", async () => {
  using folder = temporary();
  const none = await run("report", ["--run", join(folder.path, "none"), "--watch"]);
  assertEquals([none.code, none.stdout], [2, ""]);
  const path = join(folder.path, "run");
  Deno.mkdirSync(path);
  Deno.writeTextFileSync(join(path, "config.yaml"), "name: x\n");
  const alone = await run("report", ["--run", path, "--port", "1"]);
  assertEquals(alone.code, 2);
  assertStringIncludes(alone.stderr, "--port 1: is for --watch");
  const large = await run("report", ["--run", path, "--watch", "--port", "70000"]);
  assertStringIncludes(large.stderr, "--port 70000: must be at most 65535");
});
