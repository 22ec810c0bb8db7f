/** Formats numbers, times and sizes. Nothing depends on the locale, so a report is the same everywhere. */
import { bytesText, countText, settingText } from "../core/figures.ts";

const MISSING = "–";
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function superscript(n: number): string {
  const digits = [...String(Math.abs(n))].map((d) => SUPERSCRIPTS[Number(d)]).join("");
  return n < 0 ? `⁻${digits}` : digits;
}

/** 47192 -> "47,192". A dash for a missing value or one that is not a number. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return MISSING;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  return (value < 0 ? "−" : "") + countText(Math.abs(value));
}

/** To `digits` significant digits: 0.012346, 1,235, 1.2×10⁻⁷. With a true minus sign, and a dash for a missing value. */
export function number(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return MISSING;
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  const [mantissa, exponentText] = size.toExponential(digits - 1).split("e") as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent > 9) {
    const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    return `${sign}${short === "1" ? "" : short + "×"}10${superscript(exponent)}`;
  }
  const [whole, fraction] = size.toFixed(Math.max(0, digits - 1 - exponent)).split(".") as [string, string?];
  return sign + countText(Number(whole)) + (fraction ? `.${fraction}` : "");
}

/** R2 and other ratios: three decimals, so that the numbers of a table's column are aligned. */
export function ratio(value: number | null | undefined): string {
  if (value === null || value === undefined) return MISSING;
  if (Number.isNaN(value)) return "not a number";
  if (Math.abs(value) >= 1000) return number(value, 3);
  return value.toFixed(3).replace("-", "−");
}

/** 0.6423 -> "64.2 %" (a narrow no-break space before the sign). */
export function percent(share: number | null | undefined, decimals = 1): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return MISSING;
  const value = share * 100;
  if (value !== 0 && Math.abs(value) < 10 ** -decimals) return `< ${10 ** -decimals}\u202f%`;
  return `${value.toFixed(decimals).replace("-", "−")}\u202f%`;
}

/** Seconds: "0.84 s", "42.1 s", "3 min 05 s", "2 h 07 min", with no-break spaces. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return MISSING;
  if (seconds < 0.0995) return `${number(seconds * 1000, 2)}\u00a0ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)}\u00a0s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)}\u00a0s`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h === 0) return `${m}\u00a0min\u00a0${String(s).padStart(2, "0")}\u00a0s`;
  return `${count(h)}\u00a0h\u00a0${String(m).padStart(2, "0")}\u00a0min`;
}

/** The unit in which an axis of `seconds` has short numbers. */
export function timeUnit(seconds: number): { readonly seconds: number; readonly name: string } {
  if (seconds >= 7200) return { seconds: 3600, name: "h" };
  return seconds >= 300 ? { seconds: 60, name: "min" } : { seconds: 1, name: "s" };
}

/** Bytes in decimal units: 1.24 GB. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  return bytesText(value);
}

/** A large count in short form: 48.6 M. It is exact below 100,000. */
export function compact(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  if (Math.abs(value) < 1e5) return Math.abs(value) < 100 && value % 1 ? number(value, 3) : count(value);
  const [unit, name] = value >= 1e9 ? [1e9, "G"] : value >= 1e6 ? [1e6, "M"] : [1e3, "k"];
  return `${number(value / (unit as number), 3)} ${name}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** An ISO time as "21 Nov 2025, 03:50 UTC"; other text is returned unchanged. */
export function date(iso: string | null | undefined): string {
  if (!iso) return MISSING;
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const clock = time.toISOString().slice(11, 16);
  return `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]} ${time.getUTCFullYear()}, ${clock} UTC`;
}

/** Begin and end; if both are on the same day, the day is given once. */
export function dateRange(from: string, to: string | null | undefined): string {
  const [begin, end] = [date(from), date(to)];
  if (!to || begin === end) return begin;
  const day = begin.slice(0, begin.indexOf(","));
  return end.startsWith(`${day},`) && begin.endsWith(" UTC")
    ? `${begin.slice(0, -" UTC".length)} to ${end.slice(day.length + 2)}`
    : `${begin} to ${end}`;
}

/** "1 epoch", "40 epochs". */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Losses, squared errors and their roots, variances: four significant digits everywhere. */
export function error(value: number | null | undefined): string {
  return number(value, 4);
}

/** Rows per second. */
export function rate(value: number | null | undefined): string {
  return compact(value === null || value === undefined ? value : Math.round(value));
}

/** A setting, to at most four significant digits. */
export function setting(value: number): string {
  return settingText(Number(value.toPrecision(4))).replace(/^-/, "−");
}
