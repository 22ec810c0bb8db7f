/** What git says of a folder. */

export interface GitState {
  readonly commit: string;
  /** Whether tracked files differ from the commit. */
  readonly dirty: boolean;
}

/** Time that git may take: in a huge work tree on a slow disk it would hold up a run. */
const LIMIT_MS = 2000;

/**
 * The commit that is checked out in a folder's work tree; null outside of one, before its first commit, and without git.
 * @param below the files and folders in it that are compared with the commit; all of them where there are none
 */
export async function gitState(folder: string, below: readonly string[] = []): Promise<GitState | null> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no", "--", ...below],
      env: { GIT_OPTIONAL_LOCKS: "0" }, // another program may be using the work tree
      stdin: "null",
      stderr: "null",
      signal: AbortSignal.timeout(LIMIT_MS),
    }).output();
    if (!success) return null;
    const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
    const commit = lines.map((line) => /^# branch\.oid ([0-9a-f]{40,64})$/.exec(line)?.[1]).find((found) => found);
    return commit === undefined ? null : { commit, dirty: lines.some((line) => !line.startsWith("#")) };
  } catch {
    return null; // there is no git, or it takes too long
  }
}
