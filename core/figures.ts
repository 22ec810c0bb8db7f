/**
 * Numbers as they are printed: one format for each kind of quantity, on the terminal, in messages and in the report. Nothing
 * depends on the locale.
 */

/** A count of rows, steps, columns or the like, rounded: 47,192. */
export function countText(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** A count with its noun: 1 file, 3 files. */
export const pluralText = (value: number, noun: string): string =>
  `${countText(value)} ${noun}${value === 1 ? "" : "s"}`;

/** A setting, such as a learning rate, as one would type it: 0.0003; with an exponent below 0.0001: 3e-5. */
export function settingText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const size = Math.abs(value);
  return value !== 0 && size < 1e-4 ? value.toExponential() : String(value);
}

/** A learning rate that a schedule has computed: three significant digits of a setting. */
export function rateText(rate: number): string {
  return settingText(Number(rate.toPrecision(3)));
}

/** A share to three significant digits: 0.6423 is 64.2 %. */
export function percentText(share: number): string {
  const percent = 100 * share;
  return percent !== 0 && Math.abs(percent) < 0.001 ? "< 0.001 %" : `${percent.toPrecision(3)} %`;
}

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Bytes in decimal units, to three significant digits: 1.24 GB. */
export function bytesText(bytes: number): string {
  let size = bytes, unit = 0;
  for (; size >= 999.5 && unit < BYTE_UNITS.length - 1; unit++) size /= 1000;
  return `${unit === 0 ? countText(size) : size < 999.5 ? size.toPrecision(3) : countText(size)} ${BYTE_UNITS[unit]}`;
}
