import { count, number } from "../format.ts";

/** A number of the data: whole ones as they are, others to four digits. */
export const amount = (value: number): string => Number.isInteger(value) ? count(value) : number(value);
