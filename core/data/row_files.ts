/** The files that say something about each row or column for training: weights and categories. */
import type { Config } from "../config/types.ts";
import { categorised, type CategoryOptions } from "./categories.ts";
import type { Source } from "./source.ts";
import { weighted } from "./weights.ts";

/** The source with what these files say. @throws {UserError} */
export async function withRowFiles(
  source: Source,
  config: Pick<Config, "data" | "loss">,
  options: CategoryOptions = {},
): Promise<Source> {
  return await categorised(await weighted(source, config), config, options);
}
