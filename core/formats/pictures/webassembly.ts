/**
 * JPEG by libjpeg-turbo and WebP by libwebp, both compiled to WebAssembly: what a damaged file does to them stays in
 * there. After a decoder gave up in the middle, its memory is not used again: the next picture gets a new one.
 */
import { createRequire } from "node:module";
import { MalformedError } from "../../errors.ts";
import type { PictureHead } from "./head.ts";
import type { Samples } from "./samples.ts";

interface Decoder {
  /** RGBA of 8 bits. Throws for what it cannot decode. */
  decode(input: Uint8Array): { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray };
}

const require = createRequire(import.meta.url);
const PACKAGES = { jpeg: "@cwasm/jpeg-turbo", webp: "@cwasm/webp" } as const;
const loaded = new Map<string, Decoder>();

async function decoderOf(kind: "jpeg" | "webp"): Promise<Decoder> {
  const found = loaded.get(kind) ??
    (kind === "jpeg" ? await import("@cwasm/jpeg-turbo") : await import("@cwasm/webp")).default as Decoder;
  loaded.set(kind, found);
  return found;
}

/** Puts a decoder with new memory in the place of one that gave up. */
function renew(kind: "jpeg" | "webp"): void {
  delete require.cache[require.resolve(PACKAGES[kind])];
  loaded.set(kind, require(PACKAGES[kind]));
}

/** @returns four values a pixel: red, green, blue, alpha */
export async function decodeByWebAssembly(path: string, bytes: Uint8Array, head: PictureHead): Promise<Samples> {
  const kind = head.kind === "jpeg" ? "jpeg" : "webp";
  const decoder = await decoderOf(kind);
  let decoded: ReturnType<Decoder["decode"]>;
  try {
    decoded = decoder.decode(bytes);
  } catch {
    renew(kind);
    const name = kind === "jpeg" ? "JPEG" : "WebP";
    throw new MalformedError(path, `cannot be decoded as ${name}: the file is damaged or cut short`);
  }
  const { width, height, data } = decoded;
  if (width !== head.width || height !== head.height) {
    throw new MalformedError(path, "its size changes within the file");
  }
  return { values: data, channels: 4, most: 255 };
}
