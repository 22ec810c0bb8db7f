/** The studio's server: the page's files, its sockets, files that are dropped into it and files that it exported. */
import { UserError } from "../../core/errors.ts";
import { errorOf } from "../session/error.ts";
import { requireFileName } from "../questions/dropped.ts";
import type { Studio } from "../studio.ts";
import { Client } from "./client.ts";
import { type Answering, listen, sameText } from "./loopback.ts";
import { readBody, STILL_MS } from "./body.ts";

/** Scripts and styles of its own files only; pictures that it draws; nothing from elsewhere, no frames and no forms. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page's files by their names below the token, and their types. */
const FILES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
};
const FOLDER = new URL("../page/public/", import.meta.url);

/** Bytes of a dropped file, and sockets at once. */
export const DROPPED_MAX = 64 << 20, SOCKETS_MAX = 16;
/** Files that are received at once. */
const RECEIVING_MAX = 2;

export interface StudioServer extends AsyncDisposable {
  /** What a user is told: with the token, which is another one at each start. It leads to `url`. */
  readonly address: string;
  /** Where the page lies, with the token in its path, so that all that it asks for by a relative path has the token too. */
  readonly url: string;
}

/**
 * Whether a request may have been made by another site. Browsers say where a request comes from; other programs say nothing. A window
 * that is led here, such as by a link with the token, is the user's: who leads it sees nothing of the page.
 */
function isForeign(request: Request, host: string): boolean {
  const { method, headers } = request;
  const origin = headers.get("origin"), site = headers.get("sec-fetch-site");
  if (origin !== null && origin !== `http://${host}`) return true;
  const isWindow = method === "GET" && headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document";
  return site !== null && site !== "same-origin" && site !== "none" && !isWindow;
}

/** @param port 0 for any that is free @throws {UserError} if the port is taken or may not be used */
export function serveStudio(studio: Studio, port: number): StudioServer {
  const sockets = new Set<WebSocket>();
  let receiving = 0;
  const server = listen(port, POLICY, (request, answering) => {
    const { host, token, refused } = answering;
    const { pathname, searchParams } = new URL(request.url);
    const [, first, ...rest] = pathname.split("/");
    if (isForeign(request, host)) return refused(403, "This page answers no other site.");
    const isEntry = pathname === "/", given = isEntry ? searchParams.get("token") : first;
    if (!sameText(given, token)) {
      return refused(403, "The address needs the token that narrows printed when it was started.");
    }
    const path = rest.join("/");
    if (path === "socket") return openSocket(request, answering);
    if (path === "drop") return takeDropped(request, answering);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refused(405, "This can only be read.", { allow: "GET, HEAD" });
    }
    if (isEntry) return refused(303, `The page is at http://${host}/${token}/`, { location: `/${token}/` });
    if (rest.length === 0) return refused(404, `The page is at http://${host}/TOKEN/, with the slash at its end.`);
    if (path.startsWith("files/")) return exported(path.slice("files/".length), answering);
    return pageFile(path === "" ? "index.html" : path, answering);
  });

  function openSocket(request: Request, { host, refused }: Answering): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return refused(426, "This path is for WebSockets.", { upgrade: "websocket", connection: "upgrade" });
    }
    // A page of another site may open a socket to any address, and its browser names that site.
    if (request.headers.get("origin") !== `http://${host}`) return refused(403, "This page answers no other site.");
    if (sockets.size >= SOCKETS_MAX) return refused(503, `At most ${SOCKETS_MAX} pages are connected at once.`);
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.add(socket);
    new Client(studio, socket);
    socket.addEventListener("close", () => sockets.delete(socket));
    return response;
  }

  async function takeDropped(request: Request, { host, refused, headers }: Answering): Promise<Response> {
    if (request.method !== "POST") return refused(405, "Files are sent to this path by POST.", { allow: "POST" });
    if (request.headers.get("origin") !== `http://${host}`) return refused(403, "This page answers no other site.");
    const answer = (status: number, body: unknown) =>
      new Response(JSON.stringify(body), { status, headers: headers({ "content-type": "application/json" }) });
    try {
      const name = new URL(request.url).searchParams.get("name") ?? "";
      requireFileName(name);
      if (receiving >= RECEIVING_MAX) return refused(503, "Another file is being received.", { "retry-after": "1" });
      receiving++;
      const body = await readBody(request, DROPPED_MAX).finally(() => receiving--);
      if ("failure" in body) {
        return body.failure === "too large"
          ? refused(413, `A dropped file may have ${DROPPED_MAX} bytes.`)
          : refused(408, `For ${STILL_MS / 1000} s nothing more of the file came.`, { connection: "close" });
      }
      return answer(200, await studio.drop(name, body.bytes));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return answer(400, { error: errorOf(error) });
    }
  }

  async function exported(name: string, { refused, headers }: Answering): Promise<Response> {
    let path: string | null = null;
    try {
      path = studio.fileNamed(decodeURIComponent(name));
    } catch { /* no name is written like this */ }
    if (path === null) return refused(404, "There is no exported file of this name.");
    try {
      const file = await Deno.open(path, { read: true });
      const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(name.split("/").at(-1)!)}`;
      const type = { "content-type": "application/octet-stream", "content-disposition": disposition };
      return new Response(file.readable, { headers: headers(type) });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return refused(404, "The exported file is gone.");
    }
  }

  async function pageFile(name: string, { refused, headers }: Answering): Promise<Response> {
    if (!Object.hasOwn(FILES, name)) return refused(404, "There is nothing at this path.");
    try {
      const bytes = await Deno.readFile(new URL(name, FOLDER));
      return new Response(bytes, { headers: headers({ "content-type": FILES[name]! }) });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return refused(404, `The page's file ${name} is not there.`);
    }
  }

  return {
    address: `http://${server.host}/?token=${server.token}`,
    url: `http://${server.host}/${server.token}/`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.close(1000, "the studio ends");
      await server[Symbol.asyncDispose]();
    },
  };
}
