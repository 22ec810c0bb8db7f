/** What the studio gives a browser to open. */
import { assert, assertStringIncludes } from "@std/assert";
import { redirectTo } from "../../cli/open_page.ts";

Deno.test("a browser is led to the page by a file, whose text cannot be more than an address", () => {
  const text = redirectTo('http://127.0.0.1:1/?token=a&b="><script>');
  assertStringIncludes(text, 'content="0; url=http://127.0.0.1:1/?token=a&amp;b=&quot;>&lt;script>"');
  assert(!text.includes("<script"));
});
