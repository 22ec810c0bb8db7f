import { fileURLToPath, pathToFileURL } from "node:url";
export function fromFileUrl(url: URL | string): string {
  return fileURLToPath(url);
}
export function toFileUrl(path: string): URL {
  return pathToFileURL(path) as URL;
}
