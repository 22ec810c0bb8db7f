import { assertEquals } from "@std/assert";

const read = async (name: string) =>
  JSON.parse(await Deno.readTextFile(new URL(`../../${name}`, import.meta.url))) as Record<string, unknown>;

Deno.test("deno.jsr.json is deno.json without links", async () => {
  const { links, ...rest } = await read("deno.json");
  assertEquals(Array.isArray(links), true);
  assertEquals(await read("deno.jsr.json"), rest, "copy deno.json to deno.jsr.json and take out links");
});
