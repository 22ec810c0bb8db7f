/** --columns: numbers, ranges, names. */
import { assertEquals, assertThrows } from "@std/assert";
import { chosenColumns } from "../../cli/columns.ts";
import { UserError } from "../../core/errors.ts";

const NAMES = ["CD3D", "MYOD1", "a, b", "twice", "twice", "1-Dec"];
const chosen = (...texts: string[]) => [...chosenColumns(texts, 6, NAMES)!];

Deno.test("--columns takes numbers, ranges and names, in the order given", () => {
  assertEquals(chosenColumns([], 6, NAMES), null);
  assertEquals(chosen("0-2,5,CD3D", " 4 "), [0, 1, 2, 5, 0, 4]);
  assertEquals(chosen("a, b"), [2]);
  assertEquals(chosen("1-Dec,MYOD1"), [5, 1]);
  assertEquals([...chosenColumns(["1"], 3, null)!], [1]);
});

Deno.test("--columns refuses what is no column, and says which was meant", () => {
  const refused = (texts: string[], message: string, hint: string, names: string[] | null = NAMES) => {
    const error = assertThrows(() => chosenColumns(texts, 6, names), UserError);
    assertEquals([error.message, error.hint], [`--columns: ${message}`, hint]);
  };
  refused(["6"], "there is no column 6: the data have 6 columns", "the first column is 0");
  refused(["0-99999999999"], "there is no column 99999999999: the data have 6 columns", "the first column is 0");
  refused(["3-1"], "the range 3-1 runs backwards", "1-3");
  refused(["0,,2"], "a column is missing in 0,,2", "--columns 0-9,42,CD3D");
  refused(["cd3d"], "no column is named cd3d", "did you mean CD3D?");
  refused(["MYOD2"], "no column is named MYOD2", "did you mean MYOD1?");
  refused(["-1"], "no column is named -1", "--columns 0-9,42,CD3D");
  refused(["twice"], "columns 3 and 4 are both named twice", "choose one of them by its number");
  refused(
    ["CD3D"],
    "CD3D is not a number or range, and the columns of this run have no names",
    "--columns 0-9,42,CD3D; data.column_names gives the names",
    null,
  );
});
