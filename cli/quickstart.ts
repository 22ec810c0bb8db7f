/** The config that is used when none is named: on data in the repository. */
import { fromFileUrl } from "@std/path";

export const QUICKSTART = fromFileUrl(new URL("../configs/quickstart.yaml", import.meta.url));
