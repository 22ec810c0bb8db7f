/** `data.reader`: what a reader takes, checked against its schema. */
import type { z } from "zod";
import { UserError } from "../../errors.ts";
import type { ReaderOptions } from "./reader.ts";

/** @throws {UserError} naming the setting that is wrong, or those that there are */
export function settingsOf<T>(
  format: string,
  schema: z.ZodType<T> & { shape: object },
  { settings }: ReaderOptions,
): T {
  const parsed = schema.safeParse(settings ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const names = Object.keys(schema.shape);
  const list = names.length === 0 ? "none" : names.join(", ");
  if (issue?.code === "unrecognized_keys") {
    throw new UserError(
      `data.reader.${issue.keys[0]}`,
      `is not a setting of the format ${format}`,
      `its settings: ${list}`,
    );
  }
  const where = ["data.reader", ...issue!.path.map(String)].join(".");
  throw new UserError(where, `${issue!.message} (format ${format})`, `its settings: ${list}`);
}

/** Refuses `data.member` of a format whose files hold one array. @throws {UserError} */
export function requireNoMember(format: string, { member }: ReaderOptions): void {
  if (member === undefined) return;
  throw new UserError("data.member", `files of the format ${format} hold one array, got ${member}`, "remove it");
}
