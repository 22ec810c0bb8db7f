/** A server for browsers on this machine, and for nobody else: its address, its token, and what it refuses. */
import { timingSafeEqual } from "node:crypto";
import { UserError } from "../../core/errors.ts";

const ADDRESS = "127.0.0.1";
const TOKEN_BYTES = 24;

/** Of every answer, besides the page's own rules about scripts and pictures: nothing is kept, and no trace of the token leaves. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** Another one at each start. */
const newToken = (): string =>
  [...crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Compares in a time that does not depend on where the texts differ. */
export function sameText(given: string | null | undefined, wanted: string): boolean {
  const [a, b] = [new TextEncoder().encode(given ?? ""), new TextEncoder().encode(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export interface Answering {
  /** `127.0.0.1:PORT`, which a request must name exactly, so that no other site's name can be turned into it. */
  readonly host: string;
  readonly token: string;
  headers(more?: Readonly<Record<string, string>>): Record<string, string>;
  /** One line of text. */
  refused(status: number, text: string, more?: Readonly<Record<string, string>>): Response;
}

export interface Loopback extends AsyncDisposable, Answering {}

/**
 * Listens on 127.0.0.1 only. A request with another host is refused before `answer` sees it.
 * @param port 0 for any that is free
 * @param policy the content security policy of all answers
 * @throws {UserError} if the port is taken or may not be used
 */
export function listen(
  port: number,
  policy: string,
  answer: (request: Request, server: Answering) => Response | Promise<Response>,
): Loopback {
  const token = newToken();
  const headers = (more = {}) => ({ ...HEADERS, "content-security-policy": policy, ...more });
  const refused = (status: number, text: string, more = {}) =>
    new Response(`${text}\n`, { status, headers: headers({ ...more, "content-type": "text/plain; charset=utf-8" }) });
  let host = "";
  const answering: Answering = {
    get host() {
      return host;
    },
    ...{ token, headers, refused },
  };
  const ending = new AbortController();
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    const onError = (error: unknown) =>
      refused(500, `This could not be answered: ${error instanceof Error ? error.message : String(error)}`);
    const { signal } = ending;
    server = Deno.serve({ hostname: ADDRESS, port, signal, onListen: () => {}, onError }, (request) => {
      if (request.headers.get("host") !== host) return refused(403, `This page is at http://${host} only.`);
      return answer(request, answering);
    });
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
    ...{ host, token, headers, refused },
    // Requests that are under way are ended: one that stands still would never end.
    async [Symbol.asyncDispose]() {
      ending.abort();
      await server.finished;
    },
  };
}
