import { assert, assertEquals } from "@std/assert";

const VOID = new Set(["meta", "br", "wbr", "link", "img", "hr"]);

/** Every element that opens closes, in order. Stricter than a browser's parser, which repairs. Returns the tags seen. */
export function assertWellFormed(text: string): string[] {
  const open: string[] = [];
  const seen: string[] = [];
  const body = text.replace(/<!doctype html>/, "").replace(/<style>[\s\S]*?<\/style>/g, "");
  for (
    const [tag, slash, name, rest] of body.matchAll(/<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*\s*\/?)>/g)
  ) {
    if (slash) assertEquals(open.pop(), name, `</${name}> closes something else`);
    else {
      seen.push(name!);
      if (!rest!.endsWith("/") && !VOID.has(name!)) open.push(name!);
    }
    assert(tag.length > 0);
  }
  assertEquals(open, [], "elements left open");
  const bare = body.replace(/<\/?[a-zA-Z][\w-]*(?:\s+[\w:-]+(?:="[^"<]*")?)*\s*\/?>/g, "");
  assert(!/[<>]/.test(bare), `a bare angle bracket: ${/.{0,40}[<>].{0,40}/.exec(bare)?.[0]}`);
  return seen;
}
