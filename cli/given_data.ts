/** Options of the commands that read data which a run has never seen. */
import { UserError } from "../core/errors.ts";
import type { GivenData } from "../core/train/given_data.ts";
import type { Options, Values } from "./command.ts";

export const DATA_OPTIONS = {
  data: { type: "path", value: "F", help: "use other data, with all of their rows: a file, a folder or a glob" },
  "column-names": {
    type: "path",
    value: "F",
    help: "file with the names of their columns, which are then matched by name",
  },
  "allow-trained-rows": {
    type: "flag",
    help: "use a validation or test part even if the run was trained on rows of it",
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
      `${split} cannot be used with --data ${data}, whose rows are all one part`,
      "leave out --split",
    );
  }
  return { data, columnNames: options["column-names"], allowTrainedRows: options["allow-trained-rows"] };
}
