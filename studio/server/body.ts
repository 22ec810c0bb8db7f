/** The body of a request, up to a number of bytes, as long as it comes. */

/** All bytes; or why there are not all of them: they are too many, or nothing more came for {@linkcode STILL_MS}. */
export type Body = { readonly bytes: Uint8Array } | { readonly failure: "too large" | "stands still" };

/** Milliseconds after the last part of a body that the next one may take. */
export const STILL_MS = 5000;

/** Reads no more than `most` bytes, whatever the request says of its length. */
export async function readBody({ headers, body }: Request, most: number): Promise<Body> {
  if (Number(headers.get("content-length") ?? 0) > most) return { failure: "too large" };
  const parts: Uint8Array[] = [], reader = body?.getReader();
  let size = 0;
  for (;;) {
    const part = reader ? await within(reader.read(), STILL_MS) : { done: true as const };
    if (part === null) return { failure: "stands still" };
    if (part.done) break;
    size += part.value.length;
    if (size > most) return { failure: "too large" };
    parts.push(part.value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes };
}

/** What a promise gives; null where that takes longer. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), ms);
  return await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
