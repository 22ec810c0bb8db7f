/** What the engine is and what machine it runs on. */
import { errorRecord, unwrap } from "./error.ts";
import { engine } from "./library.ts";
import { readText } from "./text.ts";

/**
 * `version`, `compiler`, `build_type`, `specialised` (the shapes this build is made for, or `none`), `isa` (the kernels in use), `isa_reason`, `isa_available` (comma-separated),
 * `bf16` (the kernels of bf16 products, or `none`), `bf16_reason`,
 * `inflate`, `threads` (cores this process may use), `memory_total`, `memory_available` (bytes).
 * @throws {EngineError} if the engine cannot be opened, or NARROWS_ISA names kernels that this machine cannot run
 */
export function engineInfo(): Record<string, string> {
  const text = new Uint8Array(4096);
  const written = new Uint32Array(1);
  const error = errorRecord();
  unwrap(engine().nrw_info(text, text.length, written, error), error);
  const lines = new TextDecoder().decode(text.subarray(0, written[0])).trimEnd().split("\n");
  return Object.fromEntries(lines.map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  }));
}

/** The layers, losses and optimizers that the engine knows, with their settings, as JSON. @throws {EngineError} */
export function vocabularyText(): string {
  return readText((text, capacity, written, error) => engine().nrw_vocabulary(text, capacity, written, error));
}
