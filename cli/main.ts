/**
 * `narrows COMMAND ...`: the compiled program, and every command in one. Commands are loaded when they are asked for.
 */
import "./early.ts";
import { VERSION } from "../core/version.ts";
import { commandNamed } from "./help.ts";
import { printError } from "./print.ts";
import { runCommand } from "./run_command.ts";
import { print } from "../core/output.ts";
import { READER_WORD, setCompiledReader } from "../core/data/readers/process_program.ts";

if (Deno.build.standalone) setCompiledReader([Deno.execPath(), READER_WORD]);

export async function main(args: readonly string[]): Promise<number> {
  const [first = "help", ...rest] = args;
  if (first === READER_WORD) return await (await import("../core/data/readers/process_main.ts")).serveReaders(rest);
  if (first === "--version" || first === "-V") return print(VERSION), 0;
  const name = first === "--help" || first === "-h" ? "help" : first;
  try {
    return await runCommand(await commandNamed(name), rest);
  } catch (error) {
    return printError(error);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
