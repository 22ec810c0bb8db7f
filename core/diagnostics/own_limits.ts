/** The most that an answer of a user's own diagnostic may hold. */
export const PARTS_MAX = 12, PNG_BYTES_MAX = 2 << 20, PNG_SIDE_MAX = 4096;
export const ROWS_MAX = 500, COLUMNS_MAX = 20, BARS_MAX = 60, SERIES_MAX = 8, POINTS_MAX = 20_000;
export const TEXT_MAX = 4000, NAME_MAX = 200;
