/** The one place where a path from the command line becomes a path of this process. */
import { fromUser } from "../core/paths.ts";

/** Absolute, from the folder in which the user typed it. */
export function givenPath(path: string): string {
  return fromUser(path);
}
