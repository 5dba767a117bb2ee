import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";

import { RatchetError } from "../errors/ratchetError.ts";

/**
 * Makes the folder unless it exists.
 *
 * @throws RatchetError RT105 if it cannot be made or written.
 */
export async function prepareDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new RatchetError("RT105", `The data folder ${folder} cannot be written (${code ?? message}).`, {
      cause: error,
    });
  }
}
