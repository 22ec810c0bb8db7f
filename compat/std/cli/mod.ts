export { parseArgs } from "./parse_args.ts";
export type { ParseOptions } from "./parse_args.ts";
