/** Errors that a user can act on: one line that says where, what and what to do. */

import { unbroken } from "./visible.ts";

/** 1: the run failed. 2: the command line, config or data is wrong and nothing was started. */
export type ExitCode = 1 | 2;

export class UserError extends Error {
  override readonly name: string = "UserError";
  readonly what: string;
  /**
   * @param where file:line:column, file and field, or a command-line option; "" where there is no such place
   * @param what the action, the cause and the value; line ends of foreign text in it become blanks
   * @param hint what to do about it
   */
  constructor(readonly where: string, what: string, readonly hint?: string, readonly exitCode: ExitCode = 2) {
    super(where ? `${where}: ${unbroken(what)}` : unbroken(what));
    this.what = unbroken(what);
  }
}

/** A file that can be read, but has other content than it should. */
export class MalformedError extends UserError {
  constructor(where: string, what: string) {
    super(where, what, undefined, 1);
  }

  /** The same of a file of the user's data, which is wrong before anything was started. */
  ofData(): UserError {
    return new UserError(this.where, this.what, "make the file again, or fetch it again");
  }
}
