/** When a run was last started, as an instant that does not depend on the local time or on the folder's name. */
import { join } from "@std/path";
import { isRecord } from "../formats/json.ts";

const BYTES_MAX = 64 << 20;

function jsonOf(path: string): unknown {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile && size <= BYTES_MAX ? JSON.parse(Deno.readTextFileSync(path)) : null;
  } catch {
    return null; // absent, malformed or just being replaced
  }
}

function instant(json: unknown): number {
  return isRecord(json) && typeof json.started_at === "string" ? Date.parse(json.started_at) : NaN;
}

/**
 * The start of a run's last session in milliseconds since 1970: as recorded in UTC, else when its config was written; 0
 * where nothing tells.
 */
export function lastStart(run: string): number {
  const sessions = jsonOf(join(run, "sessions.json"));
  const recorded = [Array.isArray(sessions) ? sessions.at(-1) : null, jsonOf(join(run, "environment.json"))].map(
    instant,
  );
  const known = recorded.find((time) => !Number.isNaN(time));
  if (known !== undefined) return known;
  try {
    return Deno.statSync(join(run, "config.yaml")).mtime?.getTime() ?? 0;
  } catch {
    return 0;
  }
}
