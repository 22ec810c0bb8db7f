/** The part of @std/path this project uses, over node:path. */
export { basename, dirname, extname, isAbsolute, join, normalize, relative, resolve, SEPARATOR } from "./path.ts";
export { fromFileUrl, toFileUrl } from "./url.ts";
export { globToRegExp, isGlob } from "./glob.ts";
