/**
 * Complex numbers that are two arrays, `data/real` and `data/imag`, as files of ultrasound in UFF have them: they are one array, which
 * is named as the group of both.
 */
import type { ArrayFile } from "./array_files.ts";
import type { Listed } from "./members.ts";

const isReal = ({ isNumeric, isComplex }: Listed) => isNumeric && !isComplex;

/** A file whose pairs of arrays are complex ones. Each array of a pair is still read where it is named. */
export function withPairs(file: ArrayFile): ArrayFile {
  const byName = new Map(file.members.map((member) => [member.name, member]));
  const pairs = new Map<string, readonly [real: Listed, imag: Listed]>();
  for (const real of file.members) {
    const [, name] = /^(.+)\/real$/.exec(real.name) ?? [];
    const imag = name === undefined ? undefined : byName.get(`${name}/imag`);
    if (imag === undefined || !isReal(real) || !isReal(imag) || real.shape.join() !== imag.shape.join()) continue;
    pairs.set(name!, [real, imag]);
  }
  if (pairs.size === 0) return file;
  const parts = new Set([...pairs.values()].flat());
  const partsOf = (member: string) => (pairs.get(member) ?? [byName.get(member)!]).map(({ name }) => name);
  return {
    ...file,
    members: [
      ...[...pairs].map(([name, [{ shape, type }]]): Listed => {
        return { name, shape, type: `complex ${type}`, sparse: false, isNumeric: true, isComplex: true };
      }),
      ...file.members.map((member) => parts.has(member) ? { ...member, isPart: true } : member),
    ],
    notesOn: (member) => partsOf(member).flatMap((name) => file.notesOn(name)),
    shapeOf: (member) => partsOf(member).map((name) => file.shapeOf(name))[0]!,
    async read(member, start, count) {
      const [first, second] = partsOf(member) as [string, string?];
      const real = await file.read(first, start, count);
      if (second === undefined) return real;
      const imag = await file.read(second, start, count);
      const values = new Float32Array(2 * real.values.length);
      real.values.forEach((value, i) => {
        values[2 * i] = value;
        values[2 * i + 1] = imag.values[i]!;
      });
      return { values, strides: real.strides.map((stride) => 2 * stride) };
    },
  };
}
