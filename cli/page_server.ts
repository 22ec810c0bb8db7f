/** Serves one page to a browser on this machine, and nobody else: for `report --watch`. */
import { timingSafeEqual } from "node:crypto";
import { UserError } from "../core/errors.ts";

export interface ServedPage {
  readonly html: string;
  /** After how many seconds the browser asks again; null where nothing changes any more. */
  readonly again: number | null;
}

export interface PageServer extends AsyncDisposable {
  /** With the token, which is another one at each start. */
  readonly url: string;
}

const ADDRESS = "127.0.0.1";
const TOKEN_BYTES = 24;

/** No scripts, nothing from elsewhere, no frames around it, and no trace of the token in other requests. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const refused = (status: number, text: string, headers: Record<string, string> = {}) =>
  new Response(`${text}\n`, {
    status,
    headers: { ...HEADERS, ...headers, "content-type": "text/plain; charset=utf-8" },
  });

function sameText(given: string | null, wanted: string): boolean {
  const [a, b] = [new TextEncoder().encode(given ?? ""), new TextEncoder().encode(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Listens on 127.0.0.1 only. A request must name exactly this address as its host, so that no other site's name can be turned into
 * it, and have the token of this start.
 * @param port 0 for any that is free
 * @param page called for each request, one after the other
 * @throws {UserError} if the port is taken or may not be used
 */
export function servePage(port: number, page: () => Promise<ServedPage>): PageServer {
  const token = [...crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let host = "";
  let last: Promise<unknown> = Promise.resolve();
  const answer = async (request: Request): Promise<Response> => {
    if (request.headers.get("host") !== host) return refused(403, `This page is at http://${host} only.`);
    const { pathname, searchParams } = new URL(request.url);
    if (!sameText(searchParams.get("token"), token)) {
      return refused(403, "The address needs the token that narrows printed when it was started.");
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refused(405, "This page can only be read.", { allow: "GET, HEAD" });
    }
    if (pathname !== "/") return refused(404, "There is nothing at this path.");
    const made = last.then(page);
    last = made.catch(() => {});
    try {
      const { html, again } = await made;
      return new Response(html, { headers: { ...HEADERS, ...again === null ? {} : { refresh: String(again) } } });
    } catch (error) {
      // A file that is just being replaced is there a moment later.
      if (!(error instanceof UserError)) throw error;
      return refused(503, error.message, { refresh: "5" });
    }
  };
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    const onError = (error: unknown) =>
      refused(500, `The page could not be drawn: ${error instanceof Error ? error.message : String(error)}`);
    server = Deno.serve({ hostname: ADDRESS, port, onListen: () => {}, onError }, answer);
  } catch (error) {
    const taken = error instanceof Deno.errors.AddrInUse;
    if (!taken && !(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new UserError(
      `--port ${port}`,
      taken ? "is used by another program" : "may not be used",
      "leave out --port to get one that is free",
    );
  }
  host = `${ADDRESS}:${server.addr.port}`;
  return {
    url: `http://${host}/?token=${token}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
