/** The version of this program: the one in deno.json (a test holds them together). */
export const VERSION = "0.1.0";
