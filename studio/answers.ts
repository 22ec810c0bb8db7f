/** How each question of the protocol is answered. */
import { join } from "@std/path";
import { endingOf, type ExportFormat, exportRun } from "../core/export/export.ts";
import { UserError } from "../core/errors.ts";
import { makeFolder } from "../core/formats/file.ts";
import type { AskName, Asks } from "./protocol.ts";
import { decode, jacobian } from "./questions/latents.ts";
import { embedSome, mapOf } from "./questions/map.ts";
import { row, sheet } from "./questions/rows.ts";
import { filters, strongest, unit, weight } from "./questions/weights.ts";
import { savedWeight } from "./session/saved.ts";
import { inverseOf } from "./session/undo.ts";
import type { Listener, Studio } from "./studio.ts";

type Answers = {
  readonly [N in AskName]: (
    studio: Studio,
    asks: Asks[N]["asks"],
    listener: Listener,
  ) => Promise<Asks[N]["answer"]>;
};

/** Below the run folder. */
const EXPORTS = "exports";

async function exported(studio: Studio, format: ExportFormat): Promise<Asks["export"]["answer"]> {
  const { training } = studio;
  await training.saveNow();
  const which = training.isLive ? "latest" : await training.restingCheckpoint();
  const folder = join(training.path, EXPORTS);
  await makeFolder(folder);
  const path = join(folder, `model${endingOf(format)}`);
  const { files } = await exportRun(training.path, path, {
    format,
    note: studio.note,
    ...which === "default" ? {} : { checkpoint: which },
  });
  const [first] = studio.offer(folder, files);
  return { path, file: `files/${first}` };
}

export const ANSWERS: Answers = {
  about: (studio) => studio.about(),
  command: ({ training }, { command }) => training.post(command),
  reset: (studio) => studio.reset(),
  undo: (studio) =>
    studio.inOrder(async () => {
      const { training } = studio, { last } = training.undo;
      const command = last && inverseOf(last);
      if (!command) throw new UserError("undo", "there is no edit to take back", undefined, 1);
      return await training.post(command);
    }),
  journal: ({ training }, { last }) => Promise.resolve({ edits: training.edits.slice(-last) }),
  saved: async ({ training }, asks) => {
    await training.written();
    return await savedWeight(training.path, asks);
  },
  watch: async (studio, { of, per_second }, listener) => {
    await studio.watching.watch(listener, of, per_second);
    return {};
  },
  strongest: ({ training }, asks) => training.ask((subject) => strongest(subject, asks)),
  unit: ({ training }, asks) => training.ask((subject) => unit(subject, asks)),
  weight: ({ training }, asks) => training.ask((subject) => weight(subject, asks)),
  filters: ({ training }, asks) => training.ask((subject) => filters(subject, asks)),
  row: ({ training, dropped }, asks) => training.ask((subject) => row(subject, asks, dropped)),
  sheet: ({ training }, asks) => training.ask((subject) => sheet(subject, asks)),
  decode: ({ training }, asks) => training.ask((subject) => decode(subject, asks)),
  // Training stands still while the rows are encoded, and goes on while the map is made of their latent vectors.
  map: async ({ training }, asks) => await mapOf(await training.ask((subject) => embedSome(subject, asks))),
  jacobian: ({ training }, asks) => training.ask((subject) => jacobian(subject, asks)),
  history: ({ training }, { most }) => Promise.resolve(training.history.answer(most)),
  export: (studio, { format }) => studio.inOrder(() => exported(studio, format as ExportFormat)),
  dropped: ({ dropped }) => {
    if (dropped === null) throw new UserError("dropped", "no file was dropped", "POST it to drop?name=NAME", 1);
    return Promise.resolve({ name: dropped.name, rows: dropped.source.rows });
  },
};
