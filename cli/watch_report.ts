/** `report --watch`: the report on a page that is drawn anew while training goes on. */
import { join } from "@std/path";
import { isInUse } from "../core/runs/lock.ts";
import { print } from "../core/output.ts";
import { type PageServer, servePage } from "./page_server.ts";
import { untilStopped } from "./stop_signals.ts";

/** Seconds after which a browser asks again while a run is trained, and when none is. */
const WHILE_TRAINING = 5, OTHERWISE = 30;
/** Files of a run folder or a sweep's folder that change while it is written. */
const CHANGING = [
  "",
  "config.yaml",
  "steps.csv",
  "epochs.csv",
  "chunks.csv",
  "summary.json",
  "diagnostics",
  "results.csv",
];

/** A text that is another one when the folders have changed. */
async function stateOf(folders: readonly string[]): Promise<string> {
  const parts = folders.flatMap((folder) =>
    CHANGING.map(async (name) => {
      try {
        const { size, mtime } = await Deno.stat(join(folder, name));
        return `${size} ${mtime?.getTime()}`;
      } catch {
        return "";
      }
    })
  );
  return (await Promise.all(parts)).join("\n");
}

export interface WatchOptions {
  /** Run folders, or the folder of one sweep. */
  readonly folders: readonly string[];
  readonly port: number;
  readonly json: boolean;
  readonly render: () => Promise<string>;
}

/** Serves the report until Ctrl-C or SIGTERM. @returns the signal */
export async function watchReport({ folders, port, json, render }: WatchOptions): Promise<"SIGINT" | "SIGTERM"> {
  let drawn: { readonly state: string; readonly html: string } | null = null;
  using signals = untilStopped();
  await using server: PageServer = servePage(port, async () => {
    // The state is taken first, so that a change while the page is drawn is seen the next time.
    const state = await stateOf(folders);
    if (drawn?.state !== state) drawn = { state, html: await render() };
    return { html: drawn.html, again: folders.some(isInUse) ? WHILE_TRAINING : OTHERWISE };
  });
  if (json) print(JSON.stringify({ watch: server.url, runs: folders }));
  else print(`report: ${server.url}\nCtrl-C ends it and writes the report`);
  return await signals.stopped;
}
