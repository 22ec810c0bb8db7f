/** The one place where a path from the command line becomes a path of this process. */

export function givenPath(path: string): string {
  return path;
}
