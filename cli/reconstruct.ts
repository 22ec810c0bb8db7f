/** `reconstruct`: reconstructions of a split as .npy. */
import { UserError } from "../core/errors.ts";
import { reconstructTo } from "../core/train/restore.ts";
import { writeRows } from "./write_rows.ts";

const HELP = `narrows reconstruct: reconstructions as .npy (rows x columns, float32), in the transformed scale

  --run D            the run folder (default: the newest in runs/)
  --checkpoint C     best (default where kept), latest or a checkpoint folder
  --split S          train, validation, test or all: every row in file order (default: all)
  --columns A,B,...  only these columns, counted from 0 (default: all)
  --output F.npy     where to (default: RUN/reconstructions.npy)
  --override A.B=V   e.g. data.path=... for other data
  --json             one JSON object on stdout`;

function chosenColumns(text: string | undefined): Uint32Array<ArrayBuffer> | null {
  if (text === undefined) return null;
  return Uint32Array.from(text.split(","), (part) => {
    const column = Number(part.trim() === "" ? NaN : part);
    if (Number.isInteger(column) && column >= 0 && column < 2 ** 32) return column;
    throw new UserError("--columns", `must be whole numbers with commas between, got ${text}`, "--columns 0,7,42");
  });
}

export function reconstructCommand(args: readonly string[]): Promise<number> {
  return writeRows(
    "reconstruct",
    HELP,
    "reconstructions.npy",
    args,
    ["columns"],
    (restored, split, path, line) => reconstructTo(restored, split, path, chosenColumns(line.text.columns)),
  );
}

if (import.meta.main) Deno.exit(await reconstructCommand(Deno.args));
