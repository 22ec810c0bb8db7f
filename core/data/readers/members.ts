/** Which arrays of a file are meant. */
import { globToRegExp, isGlob } from "@std/path";
import { nearest } from "../../config/nearest.ts";
import { UserError } from "../../errors.ts";
import { someNames } from "../../missing.ts";
import { naturally } from "../files.ts";
import type { Member } from "./reader.ts";

/** A member that may be read, because it holds numbers. */
export type Listed = Member & {
  readonly isNumeric: boolean;
  /** Whether its numbers are complex. */
  readonly isComplex?: boolean;
  /** Whether another member stands for it and its like; it is read where it is named. */
  readonly isPart?: boolean;
};

const described = ({ name, shape, type }: Member) =>
  `${name} (${[...shape, type].join(" x ").replace(/ x (\D)/, " $1")})`;

/**
 * The names of the arrays that `data.member` names: one, or those that a pattern fits, in natural order, without complex ones where
 * it fits real ones too. Without it the only
 * array of numbers with at least two axes, or else the only one with more than one value.
 * @throws {UserError} where it names none, or leaves a choice
 */
export function chosen(path: string, members: readonly Listed[], wanted: string | undefined): readonly string[] {
  if (wanted === undefined) return [only(path, members)];
  const name = wanted.replace(/^\/+|\/+$/g, "");
  const exact = members.find((member) => member.name === name);
  if (exact !== undefined) {
    if (exact.isNumeric) return [name];
    const inside = members.find((member) => member.isNumeric && member.name.startsWith(`${name}{`));
    throw new UserError(
      "data.member",
      inside
        ? `what is in the cells of ${name} of ${path} are not arrays of numbers of one shape`
        : `${name} of ${path} holds no numbers that are read (${exact.type})`,
      inside && `name one, such as "${inside.name}", or those that a pattern fits, such as "${name}*"`,
    );
  }
  const pattern = isGlob(name) ? globToRegExp(name) : null;
  const fitting = members.filter((member) => member.isNumeric && pattern?.test(member.name));
  const wholes = fitting.filter(({ isPart }) => !isPart);
  const some = wholes.length > 0 ? wholes : fitting;
  // Complex numbers are no rows of the same kind as real ones.
  const real = some.filter(({ isComplex }) => !isComplex);
  const found = (real.length > 0 ? real : some).map((member) => member.name);
  if (found.length > 0) return found.sort(naturally);
  const listed = members.filter(({ isPart }) => !isPart);
  const near = nearest(name, listed.map((member) => member.name));
  throw new UserError(
    "data.member",
    pattern ? `no array of numbers in ${path} fits ${wanted}` : `${path} has no array ${wanted}`,
    near ? `did you mean ${near}?` : `it holds ${someNames(listed.map((member) => member.name))}`,
  );
}

function only(path: string, all: readonly Listed[]): string {
  const members = all.filter(({ isPart }) => !isPart);
  const numeric = members.filter(({ isNumeric }) => isNumeric);
  const lengths = ({ shape }: Member) => shape.filter((size) => size > 1).length;
  const matrices = numeric.filter((member) => lengths(member) >= 2);
  const lists = numeric.filter((member) => lengths(member) === 1);
  const candidates = matrices.length > 0 ? matrices : lists;
  if (candidates.length === 1) return candidates[0]!.name;
  if (candidates.length === 0) {
    const held = members.length === 0 ? "it holds no arrays" : `it holds ${someNames(members.map(described))}`;
    throw new UserError(path, "holds no array of numbers that rows can be made of", held);
  }
  const [first, second] = candidates as [Listed, Listed];
  const alike = candidates.every(({ shape }) => shape.join() === first.shape.join());
  const both = alike ? `, or "${patternOf(first.name, second.name)}" for all that are alike` : "";
  throw new UserError(
    "data.member",
    `is not set, and ${path} holds several arrays: ${someNames(candidates.map(described))}`,
    `name one, such as "${first.name}"${both}`,
  );
}

/** A pattern that fits two paths: `frame_1/rf` and `frame_2/rf` both fit `frame_*` / `rf`. */
function patternOf(a: string, b: string): string {
  const [first, second] = [a.split("/"), b.split("/")];
  if (first.length !== second.length) return "**";
  return first.map((part, i) => part === second[i] ? part : "*").join("/");
}
