/** Pictures of tests/golden/pictures.json, which Pillow wrote. */
import { fromFileUrl } from "@std/path";

interface Golden {
  readonly files: Readonly<Record<string, { readonly base64: string; readonly values: readonly number[] }>>;
  readonly resized: readonly { readonly height: number; readonly width: number; readonly values: readonly number[] }[];
}

const GOLDEN: Golden = JSON.parse(
  Deno.readTextFileSync(fromFileUrl(new URL("../../../golden/pictures.json", import.meta.url))),
);

export const RESIZED = GOLDEN.resized;
export const NAMES = Object.keys(GOLDEN.files);
export const bytesOf = (name: string) =>
  Uint8Array.from(atob(GOLDEN.files[name]!.base64), (char) => char.charCodeAt(0));
/** What Pillow decodes: the values of a pixel beside each other, not turned. */
export const valuesOf = (name: string) => GOLDEN.files[name]!.values;
