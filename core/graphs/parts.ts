/** The parts of a network's neurons, as a file has them: a number for each neuron, one a line. */

const PARTS_MAX = 65536;

/** The part of each neuron; empty where the text has other things than numbers of parts. */
export function partsIn(text: string): Uint32Array<ArrayBuffer> {
  const lines = text.split("\n").map((line) => line.trim());
  const numbers = lines.filter((line) => line !== "" && !line.startsWith("#")).map(Number);
  const isPart = (number: number) => Number.isInteger(number) && number >= 0 && number < PARTS_MAX;
  return numbers.every(isPart) ? Uint32Array.from(numbers) : new Uint32Array();
}
