/** The body of a request, up to a number of bytes. */
export interface Body {
  readonly bytes: Uint8Array;
  /** Then the bytes are not all of them. */
  readonly isTooLarge: boolean;
}

/** Reads no more than `most` bytes, whatever the request says of its length. */
export async function readBody(request: Request, most: number): Promise<Body> {
  const nothing = new Uint8Array(0);
  if (Number(request.headers.get("content-length") ?? 0) > most) return { bytes: nothing, isTooLarge: true };
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.length;
    if (size > most) return { bytes: nothing, isTooLarge: true };
    parts.push(part);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, isTooLarge: false };
}
