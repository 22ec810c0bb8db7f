/** The file that was read last stays open, since the next samples are mostly of the same one. */
import { InputFile } from "../../formats/file.ts";

export class LastFile {
  #file: InputFile | null = null;

  /** @throws {UserError} */
  async at(path: string): Promise<InputFile> {
    if (this.#file?.path === path) return this.#file;
    this.close();
    return this.#file = await InputFile.open(path);
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }
}
