/** Names of runs and sweeps: letters and digits of any script, since folders of data have names in all languages. */

const LENGTH_MAX = 64;

export const NAME_PATTERN = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u;

/** A name fit for a folder: letters, digits, `.`, `_` and `-`; other characters become `-`. */
export function safeName(name: string): string {
  const kept = name.normalize("NFC").replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[._-]+|[.-]+$/g, "");
  const short = [...kept].slice(0, LENGTH_MAX).join("").replace(/[.-]+$/, "");
  return NAME_PATTERN.test(short) ? short : "run";
}
