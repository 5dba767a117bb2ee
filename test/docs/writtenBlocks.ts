import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import type { AnyJobDefinition } from "pg-ratchet";

import { type Block, type Page, ROOT } from "./pages.ts";

/** A block in a file of its own. */
export interface WrittenBlock extends Block {
  readonly file: string;
}

/** Makes an empty folder inside the repository, where its packages and its own name are found; git ignores it. */
export async function createBlockFolder(): Promise<string> {
  await mkdir(join(ROOT, ".ratchet"), { recursive: true });
  return mkdtemp(join(ROOT, ".ratchet", "documents-"));
}

/** Writes a page's blocks of the given languages: those that name their path there, the others under a number. */
export async function writeBlocks(folder: string, page: Page, languages: readonly string[]): Promise<WrittenBlock[]> {
  const written: WrittenBlock[] = [];
  for (const [number, block] of page.blocks.entries()) {
    if (languages.includes(block.language)) {
      const file = join(folder, block.path ?? `block${number}.${block.language}`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, block.code);
      written.push({ ...block, file });
    }
  }
  return written;
}

/** Whether the block is a task file. */
export function isDefinition({ code }: Block): boolean {
  return code.includes("export default defineJob(");
}

/** Loads a written task file; its name is the identifier. */
export async function loadDefinition({ file }: WrittenBlock): Promise<AnyJobDefinition> {
  const { default: definition } = (await import(pathToFileURL(file).href)) as { default: AnyJobDefinition };
  return definition;
}
