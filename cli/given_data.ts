/** Options of the commands that take data which a run has never seen. */
import { UserError } from "../core/errors.ts";
import type { GivenData } from "../core/train/given_data.ts";
import type { Options, Values } from "./command.ts";

export const DATA_OPTIONS = {
  data: { type: "path", value: "F", help: "other data: a file, folder or glob, all of whose rows are taken" },
  "column-names": { type: "path", value: "F", help: "names of its columns, which are then matched by name" },
  "allow-trained-rows": {
    type: "flag",
    help: "take a part that was held out though the run was trained on rows of it",
  },
} as const satisfies Options;

/** @throws {UserError} where a split of other data is asked for */
export function givenData(
  options: Values<typeof DATA_OPTIONS> & { readonly split: string | undefined },
): Pick<GivenData, "data" | "columnNames" | "allowTrainedRows"> {
  const { data, split } = options;
  if (data !== undefined && split !== undefined && split !== "all") {
    throw new UserError(
      "--split",
      `${split} is not known of --data ${data}: all of its rows are one part`,
      "leave it out",
    );
  }
  return { data, columnNames: options["column-names"], allowTrainedRows: options["allow-trained-rows"] };
}
