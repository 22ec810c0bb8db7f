/** `embed`: latent vectors of a split as .npy. */
import { writeRows } from "./write_rows.ts";
import { embedTo } from "../core/train/restore.ts";

const HELP = `narrows embed: latent vectors as .npy (rows x latent, float32)

  --run D            the run folder (default: the newest in runs/)
  --checkpoint C     best (default where kept), latest or a checkpoint folder
  --split S          train, validation, test or all: every row in file order (default: all)
  --output F.npy     where to (default: RUN/embeddings.npy)
  --override A.B=V   e.g. data.path=... for other data
  --json             one JSON object on stdout`;

export function embedCommand(args: readonly string[]): Promise<number> {
  return writeRows(
    "embed",
    HELP,
    "embeddings.npy",
    args,
    [],
    (restored, split, path) => embedTo(restored, split, path),
  );
}

if (import.meta.main) Deno.exit(await embedCommand(Deno.args));
