/** The part of @std/cli this project uses. */
export { parseArgs } from "./parse_args.ts";
export type { Args, ParseOptions } from "./parse_args.ts";
