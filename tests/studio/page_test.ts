/** The files that the studio serves as its page: made of the present sources, small, and within the server's policy. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { firstLine, PAGE_FILE, sourcesHash } from "../../scripts/write_page.ts";
import { readText, ROOT } from "../arch/tree.ts";

const GZIPPED_MAX = 150_000;
const FILES = ["index.html", "page.css", "page.js", "icon.svg"];
const PUBLIC = "studio/page/public";

const sourceNames = () =>
  [...Deno.readDirSync(join(ROOT, "studio/page"))].map(({ name }) => name).filter((name) => name.endsWith(".ts"));

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

Deno.test("studio page: page.js is made of the present sources (else: deno run -A scripts/write_page.ts)", async () => {
  assertEquals(Deno.readTextFileSync(PAGE_FILE).split("\n")[0], firstLine(await sourcesHash()));
});

Deno.test("studio page: all its files together are under 150 KB gzipped", async () => {
  assertEquals([...Deno.readDirSync(join(ROOT, PUBLIC))].map(({ name }) => name).sort(), [...FILES].sort());
  let sum = 0;
  for (const name of FILES) sum += await gzipped(Deno.readFileSync(join(ROOT, PUBLIC, name)));
  assert(sum < GZIPPED_MAX, `${sum} bytes`);
});

Deno.test("studio page: no script and no style is inline, and nothing is written as markup", () => {
  const html = readText(`${PUBLIC}/index.html`);
  assert(/<script src="page\.js" defer><\/script>/.test(html));
  assertEquals(html.match(/<script(?! src)|<style|\sstyle=|\son\w+=/g), null);
  assert(sourceNames().length > 20);
  for (const name of sourceNames()) {
    const found = readText(`studio/page/${name}`).match(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/,
    );
    assertEquals(found, null, name);
  }
});

Deno.test("studio page: each class that is given to an element has a style", () => {
  const style = readText(`${PUBLIC}/page.css`);
  const given = sourceNames().flatMap((name) =>
    [...readText(`studio/page/${name}`).matchAll(/class: "([^"]+)"/g)].flatMap(([, names]) => names!.split(" "))
  );
  assert(given.length > 50);
  assertEquals([...new Set(given)].filter((name) => !new RegExp(`\\.${name}(?![\\w-])`).test(style)), []);
});
