/** Serves one page to a browser on this machine, and nobody else: for `report --watch`. */
import { UserError } from "../core/errors.ts";
import { listen, sameText } from "../studio/server/loopback.ts";

export interface ServedPage {
  readonly html: string;
  /** After how many seconds the browser asks again; null where nothing changes any more. */
  readonly again: number | null;
}

export interface PageServer extends AsyncDisposable {
  /** With the token, which is another one at each start. */
  readonly url: string;
}

/** No scripts, nothing from elsewhere, and no frames around it. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Listens on 127.0.0.1 only. A request must name exactly this address as its host and have the token of this start.
 * @param port 0 for any that is free
 * @param page called for each request, one after the other
 * @throws {UserError} if the port is taken or may not be used
 */
export function servePage(port: number, page: () => Promise<ServedPage>): PageServer {
  let last: Promise<unknown> = Promise.resolve();
  const server = listen(port, POLICY, async (request, { token, refused, headers }) => {
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
      const refresh: Record<string, string> = again === null ? {} : { refresh: String(again) };
      return new Response(html, { headers: headers({ "content-type": "text/html; charset=utf-8", ...refresh }) });
    } catch (error) {
      // A file that is just being replaced is there a moment later.
      if (!(error instanceof UserError)) throw error;
      return refused(503, error.message, { refresh: "5" });
    }
  });
  return {
    url: `http://${server.host}/?token=${server.token}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
