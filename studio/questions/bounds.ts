/** Bounds of what a question may ask for, so that no answer takes more memory or time than a page can use. */

/** Numbers in one array of an answer. */
export const VALUES_MAX = 1 << 22;
/** Weights of a link, or of a unit's either side. */
export const WEIGHTS_MAX = 50_000;
export const SHEET_ROWS_MAX = 256;
/** Columns of a sheet of sparse rows: those that vary most among them. */
export const SHEET_COLUMNS = 24;
export const MAP_ROWS_MAX = 200_000;
/** Networks of neurons with more connections are shown by their outputs alone. */
export const CONNECTIONS_MAX = 1 << 20;
/** Columns that stand for a sparse vector where its largest are asked for. */
export const COLUMNS_MAX = 10_000;
/** Of each direction of a Jacobian of sparse rows. */
export const DIRECTION_COLUMNS = 32;
/** Columns whose names are told. */
export const NAMES_MAX = 100_000;
/** Latent units of a map. */
export const MAP_LATENT_MAX = 512;
/** Latent units of a Jacobian, and products from which its singular values are made: latent units x latent units x columns. */
export const JACOBIAN_LATENT_MAX = 512, JACOBIAN_PRODUCTS_MAX = 2 ** 29;
