import { assert, assertEquals } from "@std/assert";
import { engineInfo, vocabularyText } from "../../ffi/info.ts";

Deno.test("the engine tells what it is and what machine it runs on", () => {
  const info = engineInfo();
  assertEquals(Object.keys(info), [
    "version",
    "compiler",
    "build_type",
    "specialised",
    "isa",
    "isa_reason",
    "isa_available",
    "bf16",
    "bf16_reason",
    "inflate",
    "threads",
    "memory_total",
    "memory_available",
  ]);
  assert(info.isa_available!.split(",").includes(info.isa!));
  assert(info.isa_reason!.startsWith(`${info.isa}: `));
  assert(Number.isInteger(Number(info.threads)) && Number(info.threads) >= 1);
  assert(Number(info.memory_available) > 0 && Number(info.memory_available) <= Number(info.memory_total));
});

Deno.test("core/config/vocabulary.json is what the engine knows", () => {
  const file = Deno.readTextFileSync(new URL("../../core/config/vocabulary.json", import.meta.url));
  assertEquals(file, vocabularyText(), "run: deno run -A scripts/write_vocabulary.ts");
});
