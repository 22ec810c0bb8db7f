/** The studio's server: what it refuses, and what sockets ask and are told. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../core/build/ensure.ts";
import type { AskName, Asks, Message, Tells } from "../../studio/protocol.ts";
import { unpack } from "../../studio/frame.ts";
import { PENDING_MAX, RATE_MAX, TEXT_MAX } from "../../studio/server/client.ts";
import { STILL_MS } from "../../studio/server/body.ts";
import { BUFFERED_MAX } from "../../studio/server/queue.ts";
import { DROPPED_MAX, serveStudio, SOCKETS_MAX } from "../../studio/server/serve.ts";
import { temporary } from "../helpers/cli.ts";
import { npy } from "../helpers/npz.ts";
import { COLUMNS, type Open, openStudio, ROWS, smallConfig } from "../helpers/studio.ts";

await ensureEngine({ quiet: true });

interface Server {
  readonly open: Open;
  readonly port: number;
  readonly token: string;
  readonly origin: string;
  readonly address: string;
}

async function served(work: (server: Server) => Promise<void>, more: Record<string, unknown> = {}): Promise<void> {
  using folder = temporary();
  await using open = await openStudio({ config: smallConfig(folder.path, more) });
  await using server = serveStudio(open.studio, 0);
  const [, port, token] = /^http:\/\/127\.0\.0\.1:(\d+)\/([0-9a-f]{48})\/$/.exec(server.url)!;
  const { address } = server;
  await work({ open, port: Number(port), token: token!, origin: `http://127.0.0.1:${port}`, address });
}

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly host?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
}

/** Asks by hand, since `fetch` chooses host and origin. @returns the status and all that was sent */
async function ask({ port }: Server, { method = "GET", path, host, headers = {}, body }: Asked) {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host ?? `127.0.0.1:${port}`}`,
    ...Object.entries({ connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}`),
    ...body ? [`content-length: ${body.length}`] : [],
  ];
  try {
    await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
    const write = async () => {
      for (let at = 0; body && at < body.length;) at += await connection.write(body.subarray(at, at + 65536));
    };
    const writing = write().catch(() => {}); // a server that refuses does not read to the end
    let text = "";
    const decoder = new TextDecoder(), buffer = new Uint8Array(1 << 16);
    for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
      text += decoder.decode(buffer.subarray(0, n), { stream: true });
      if (isWhole(text, method)) break;
    }
    await writing;
    return { status: Number(text.split(" ")[1]), text };
  } finally {
    connection.close();
  }
}

/** Whether an answer has ended, also where the connection stays open. */
function isWhole(text: string, method: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /^content-length: (\d+)/im.exec(text.slice(0, end))?.[1];
  return method === "HEAD" || text.startsWith("HTTP/1.1 101") || text.length - end - 4 >= Number(length ?? Infinity);
}

const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-version": "13",
};

/** A page's end of a socket. */
class Page {
  readonly told: { readonly kind: keyof Tells; readonly value: unknown }[] = [];
  readonly closed: Promise<CloseEvent>;
  readonly opened: Promise<void>;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #id = 0;

  private constructor(readonly socket: WebSocket) {
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      const message = unpack(data) as Message;
      if ("tell" in message) {
        this.told.push({ kind: message.tell, value: message.value });
        if (message.tell === "values") socket.send(JSON.stringify({ taken: "values" }));
      } else this.#waiting.get(message.id)?.(message);
    };
    this.closed = new Promise((resolve) => socket.onclose = resolve);
    this.opened = new Promise((resolve) => socket.onopen = () => resolve());
  }

  static async connect({ port, token, origin }: Server): Promise<Page> {
    // deno-lint-ignore no-explicit-any -- headers of a WebSocket are Deno's own
    const page = new Page(new (WebSocket as any)(`ws://127.0.0.1:${port}/${token}/socket`, { headers: { origin } }));
    await page.opened;
    return page;
  }

  async ask<N extends AskName>(name: N, asks: Asks[N]["asks"]): Promise<Asks[N]["answer"]> {
    const id = ++this.#id;
    const message = await new Promise<Message>((resolve) => {
      this.#waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ id, ask: name, ...asks }));
    });
    if ("error" in message) throw new Error(`${message.error.where}: ${message.error.what}`);
    if (!("answer" in message)) throw new Error("no answer");
    return message.answer as Asks[N]["answer"];
  }

  of<K extends keyof Tells>(kind: K): Tells[K][] {
    return this.told.filter((told) => told.kind === kind).map(({ value }) => value as Tells[K]);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

async function until(isThere: () => boolean): Promise<void> {
  const begun = performance.now();
  while (!isThere()) {
    assert(performance.now() - begun < 60_000, "waited for a minute");
    await pause(10);
  }
}

const PATHS = ["/", "/index.html", "/page.js", "/page.css", "/icon.svg", "/socket", "/drop?name=a.npy", "/files/a.npz"];
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

Deno.test("studio: every path and method refuses another host, another origin, another site and another token", async () => {
  await served(async (server) => {
    const { port, token, origin } = server;
    let refused = 0;
    for (const path of PATHS) {
      for (const method of METHODS) {
        const own = { method, path: `/${token}${path}` };
        const upgrade = path === "/socket" ? UPGRADE : {};
        const wrong: [string, Asked][] = [
          ["a name for this address", { ...own, host: `localhost:${port}`, headers: { ...upgrade, origin } }],
          ["another site's name", { ...own, host: `evil.example:${port}`, headers: { ...upgrade, origin } }],
          ["another port", { ...own, host: "127.0.0.1:1", headers: { ...upgrade, origin } }],
          ["another site's origin", { ...own, headers: { ...upgrade, origin: "http://evil.example" } }],
          ["a secure origin", { ...own, headers: { ...upgrade, origin: origin.replace("http", "https") } }],
          ["no origin to be named", { ...own, headers: { ...upgrade, origin: "null" } }],
          ["another site's request", { ...own, headers: { ...upgrade, "sec-fetch-site": "cross-site" } }],
          ["another token", {
            ...own,
            path: `/${token.replaceAll(/./g, "0")}${path}`,
            headers: { ...upgrade, origin },
          }],
          ["a shorter token", { ...own, path: `/${token.slice(1)}${path}`, headers: { ...upgrade, origin } }],
          ["no token", { ...own, path, headers: { ...upgrade, origin } }],
        ];
        for (const [what, request] of wrong) {
          const { status } = await ask(server, request);
          assertEquals([what, method, path, status], [what, method, path, 403]);
          refused++;
        }
      }
    }
    assertEquals(refused, PATHS.length * METHODS.length * 10);
    assertEquals((await server.open.studio.state()).step, 0);
  });
});

Deno.test("studio: own requests are answered by path and method, with headers that keep everything else out", async () => {
  await served(async (server) => {
    const { token, origin } = server;
    const status = async (method: string, path: string, headers = {}) =>
      (await ask(server, { method, path: `/${token}${path}`, headers })).status;
    for (
      const path of [
        "/etc/passwd",
        "/..%2fdeno.json",
        "/page.ts",
        "/toString",
        "/files/",
        "/files/..%2f..%2fa",
        "/files/%",
      ]
    ) {
      assertEquals([path, await status("GET", path)], [path, 404]);
    }
    assertEquals(await status("GET", ""), 404);
    assertEquals(await status("POST", "/"), 405);
    assertEquals(await status("DELETE", "/files/a"), 405);
    assertEquals(await status("GET", "/drop?name=a.npy"), 405);
    assertEquals(await status("GET", "/socket"), 426);
    assertEquals(await status("GET", "/socket", UPGRADE), 403, "a socket needs its page's origin");
    assertEquals(await status("POST", "/drop?name=a.npy"), 403, "a file needs its page's origin");
    assertEquals(await status("GET", "/socket", { ...UPGRADE, origin }), 101);
    const { text } = await ask(server, { path: `/${token}/nothing` });
    assertStringIncludes(text, "There is nothing at this path.");
    const policy = /content-security-policy: ([^\r]*)/i.exec(text)![1]!;
    assertStringIncludes(policy, "default-src 'none'");
    assertStringIncludes(policy, "script-src 'self'");
    assert(!policy.includes("unsafe"));
    assertMatch(text, /x-content-type-options: nosniff/i);
    assertMatch(text, /referrer-policy: no-referrer/i);
    assertMatch(text, /cache-control: no-store/i);
  });
});

Deno.test("studio: the address that is told leads to the page, also where a file or a link leads to the address", async () => {
  await served(async (server) => {
    const { token, address } = server;
    const { pathname, search } = new URL(address);
    const led = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    for (const headers of [{}, led]) {
      const { status, text } = await ask(server, { path: pathname + search, headers });
      assertEquals(status, 303);
      assertMatch(text, new RegExp(`\\r\\nlocation: /${token}/\\r\\n`, "i"));
      assertEquals((await ask(server, { path: `/${token}/`, headers })).status, 200);
    }
    const framed = { ...led, "sec-fetch-dest": "iframe" };
    assertEquals((await ask(server, { path: pathname + search, headers: framed })).status, 403);
    assertEquals((await ask(server, { method: "POST", path: `/${token}/drop?name=a.npy`, headers: led })).status, 403);
    assertEquals((await ask(server, { path: `/?token=${token.slice(1)}` })).status, 403);
    assertEquals((await ask(server, { path: "/?token=" })).status, 403);
  });
});

Deno.test("studio: a dropped file is read, too large ones and wrong names are not", async () => {
  await served(async (server) => {
    const { token, origin, open } = server;
    const drop = (name: string, body: Uint8Array, headers = {}) =>
      ask(server, { method: "POST", path: `/${token}/drop?name=${name}`, headers: { origin, ...headers }, body });
    const rows = Deno.readFileSync(join(open.run, "..", "..", "rows.npy"));
    const { status, text } = await drop("mine.npy", rows);
    assertEquals(status, 200, text);
    assertStringIncludes(text, `{"name":"mine.npy","rows":${ROWS}}`);
    for (const name of ["..%2fmine.npy", "a%2fb.npy", "", ".", "a%00.npy", "a%5Cb.npy", "x".repeat(201)]) {
      assertEquals([name, (await drop(name, rows)).status], [name, 400]);
    }
    const bad = await drop("bad.npy", new Uint8Array(50));
    assertEquals(bad.status, 400);
    assertMatch(bad.text, /"where":.*"what":/);
    assertEquals((await drop("large.npy", new Uint8Array(DROPPED_MAX + 1))).status, 413);
    // A length that is not said does not help.
    const chunk = `${(DROPPED_MAX / 64).toString(16)}\r\n`;
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const send = (text: string) => connection.write(new TextEncoder().encode(text));
    await send(
      `POST /${token}/drop?name=a.npy HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nOrigin: ${origin}\r\n` +
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    );
    const sending = (async () => {
      const part = new Uint8Array(DROPPED_MAX / 64);
      for (let i = 0; i < 80; i++) {
        await send(chunk);
        for (let at = 0; at < part.length;) at += await connection.write(part.subarray(at));
        await send("\r\n");
      }
    })().catch(() => {});
    const buffer = new Uint8Array(100);
    await connection.read(buffer);
    assertStringIncludes(new TextDecoder().decode(buffer), "HTTP/1.1 413");
    connection.close();
    await sending;
    assertEquals(open.studio.dropped!.name, "mine.npy");
  });
});

Deno.test("studio: two sockets see the same; exports can be fetched; errors come back with their id", async () => {
  await served(async (server) => {
    const [a, b] = [await Page.connect(server), await Page.connect(server)];
    const about = await a.ask("about", {});
    assertEquals(await b.ask("about", {}), about);
    await Promise.all([a, b].map((page) => page.ask("watch", { of: { row: 1 }, per_second: 30 })));
    await until(() => a.of("values").length > 0 && b.of("values").length > 0);
    assertEquals(a.of("values")[0], b.of("values")[0]);
    await a.ask("command", { command: { do: "continue", steps: 5 } });
    await until(() => [a, b].every((page) => page.of("state").at(-1)?.step === 5));
    await b.ask("command", { command: { do: "write", tensor: "encoder.0.bias", at: [0], value: 3 } });
    await until(() => [a, b].every((page) => page.of("edit").length === 2));
    assertEquals(a.of("edit"), b.of("edit"));
    await until(() => [a, b].every((page) => page.of("values").at(-1)?.step === 5));
    const row = await a.ask("row", { of: { row: 1 } });
    assertEquals([row.output.length, row.latent.length], [COLUMNS, 3]);
    await until(() => {
      const { at, values } = b.of("values").at(-1)!;
      return String(values.slice(at[2]!, at[3]!)) === String(row.latent);
    });
    const refused = await a.ask("row", { of: { row: 9999 } }).then(() => "", (error) => error.message);
    assertStringIncludes(refused, "there is no row 9999");
    const { file, path } = await b.ask("export", { format: "npz" });
    const fetched = await fetch(`${server.origin}/${server.token}/${file}`);
    assertEquals(new Uint8Array(await fetched.arrayBuffer()), Deno.readFileSync(path));
    assertMatch(fetched.headers.get("content-disposition")!, /^attachment/);
    await Promise.all([a.close(), b.close()]);
  });
});

Deno.test("studio: a socket that sends what is no question, too much or too often is closed, and training goes on", async () => {
  await served(async (server) => {
    const closedBy = async (send: (socket: WebSocket) => void) => {
      const page = await Page.connect(server);
      send(page.socket);
      return (await page.closed).code;
    };
    assertEquals(await closedBy((socket) => socket.send("x".repeat(TEXT_MAX + 1))), 4009);
    assertEquals(await closedBy((socket) => socket.send("{]")), 4003);
    assertEquals(await closedBy((socket) => socket.send("null")), 4003);
    assertEquals(await closedBy((socket) => socket.send('{"ask": "about"}')), 4003);
    assertEquals(await closedBy((socket) => socket.send(new Uint8Array(4))), 4003);
    const often = (socket: WebSocket) => {
      for (let id = 0; id < RATE_MAX + 40; id++) socket.send(JSON.stringify({ id, ask: "journal", last: 1 }));
    };
    // Answers that are under way may keep the code from being sent.
    assert([4008, 1006, 0].includes(await closedBy(often)));
    const page = await Page.connect(server);
    const asked = Array.from(
      { length: PENDING_MAX + 20 },
      () => page.ask("map", { most: 100 }).then(() => "answered", (error) => String(error.message)),
    );
    const answers = await Promise.all(asked);
    assert(answers.filter((answer) => answer === "answered").length >= PENDING_MAX);
    assert(answers.some((answer) => answer.includes("wait for their answers")));
    await page.close();
    const pages: Page[] = [];
    for (let i = 0; i < SOCKETS_MAX; i++) pages.push(await Page.connect(server));
    const { origin, token } = server;
    assertEquals((await ask(server, { path: `/${token}/socket`, headers: { ...UPGRADE, origin } })).status, 503);
    await Promise.all(pages.map((page) => page.close()));
    assertEquals((await server.open.steps(3)).step, 3);
  });
});

/** Lets `work` see the server's ends of the sockets that are opened meanwhile. */
async function watchingSockets(work: (sockets: readonly WebSocket[]) => Promise<void>): Promise<void> {
  const { upgradeWebSocket } = Deno, sockets: WebSocket[] = [];
  Deno.upgradeWebSocket = (...given) => {
    const upgraded = upgradeWebSocket(...given);
    sockets.push(upgraded.socket);
    return upgraded;
  };
  try {
    await work(sockets);
  } finally {
    Deno.upgradeWebSocket = upgradeWebSocket;
  }
}

Deno.test("studio: a socket that does not read holds up nobody", async () => {
  // Rows that are long enough for a socket to be full after some sheets.
  const rows = 64, columns = 2000;
  using folder = temporary();
  const path = join(folder.path, "wide.npy");
  Deno.writeFileSync(path, npy("<f4", `${rows}, ${columns}`, new Uint8Array(4 * rows * columns).fill(1)));
  const more = { training: { epochs: 1000 }, data: { path, batch_size: 16 } };
  await watchingSockets((sockets) =>
    served(async (server) => {
      const { port, token, origin, open } = server;
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const head = Object.entries({ ...UPGRADE, origin }).map(([name, value]) => `${name}: ${value}\r\n`).join("");
      await connection.write(
        new TextEncoder().encode(`GET /${token}/socket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${head}\r\n`),
      );
      await connection.read(new Uint8Array(4096));
      // A frame of a client is masked; a mask of zeros leaves the text as it is.
      const send = (text: string) => {
        const bytes = new TextEncoder().encode(text);
        const frame = new Uint8Array(8 + bytes.length);
        frame.set([0x81, 0x80 | 126, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 0]);
        frame.set(bytes, 8);
        return connection.write(frame);
      };
      const [socket] = sockets;
      for (let id = 0; socket!.bufferedAmount <= BUFFERED_MAX; id++) {
        assert(id < 100, `${socket!.bufferedAmount} bytes wait in the socket after ${id} sheets`);
        await send(JSON.stringify({ id, ask: "sheet", part: "train", from: 0, count: 128 }).padEnd(200));
        await pause(20);
      }
      const full = socket!.bufferedAmount;
      await send(JSON.stringify({ id: 199, ask: "watch", of: { row: 1 }, per_second: 30 }).padEnd(200));
      const page = await Page.connect(server);
      const { step } = await open.steps(300);
      assertEquals(step, 300);
      await until(() => page.of("state").at(-1)?.step === 300);
      assert(socket!.bufferedAmount <= full, "more was sent to a socket that was full");
      await page.close();
      connection.close();
    }, more)
  );
});

Deno.test("studio: a file that stops coming is refused, and holds up neither others nor the end of the studio", async () => {
  const connections: Deno.TcpConn[] = [];
  let ended = NaN;
  await served(async (server) => {
    const { port, token, origin } = server;
    /** Sends the head of a request and three bytes of its body. */
    const begun = async () => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connections.push(connection);
      const head = `POST /${token}/drop?name=a.npy HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: ${origin}\r\n`;
      await connection.write(new TextEncoder().encode(`${head}Content-Length: 1000\r\n\r\nabc`));
      return connection;
    };
    const first = await begun(), buffer = new Uint8Array(4096);
    const text = await Promise.race([
      first.read(buffer).then((n) => new TextDecoder().decode(buffer.subarray(0, n!))),
      pause(STILL_MS + 5000).then(() => "nothing was answered"),
    ]);
    assertStringIncludes(text, "HTTP/1.1 408");
    assertStringIncludes(text, "nothing more of the file came");
    await begun();
    await begun();
    await pause(100);
    ended = performance.now();
    setTimeout(() => connections.forEach((connection) => connection.close()), STILL_MS + 5000);
  });
  const took = performance.now() - ended;
  assert(took < STILL_MS, `the studio ended after ${took.toFixed(0)} ms`);
});
