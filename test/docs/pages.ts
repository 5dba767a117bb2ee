import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** The repository's folder. */
export const ROOT = resolve(import.meta.dirname, "../..");

/** A fenced block of a page. */
export interface Block {
  /** Such as `docs/psql.md:12`, where the fence opens. */
  readonly place: string;
  /** What stands behind the fence; empty if nothing does. */
  readonly language: string;
  readonly code: string;
  /** The path that a first line such as `// tasks/import_file.ts` names. */
  readonly path: string | undefined;
  /** The block that follows at once, with nothing but empty lines between. */
  readonly next: Block | undefined;
}

/** A page of the documentation. */
export interface Page {
  /** Relative to the repository. */
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** Every page that people read: those at the top, docs/ and examples/. */
export async function readPages(): Promise<Page[]> {
  const names = [
    ...(await markdownIn(".", false)),
    ...(await markdownIn("docs", true)),
    ...(await markdownIn("examples", true)),
  ];
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(ROOT, name), "utf8");
      return { name, text, blocks: blocksOf(name, text) };
    }),
  );
}

/** All blocks of one language, in the order of the pages. */
export async function readBlocks(language: string): Promise<Block[]> {
  const pages = await readPages();
  return pages.flatMap((page) => page.blocks).filter((block) => block.language === language);
}

/** The files that a page's links lead to, with the part behind `#`; links to elsewhere are left out. */
export function linksOf(page: Page): { target: string; path: string; anchor: string | undefined }[] {
  return [...withoutCode(page.text).matchAll(/\]\((?<path>[^\)#:]*)(?:#(?<anchor>[^\)]*))?\)/gv)].map((match) => {
    const { path = "", anchor } = match.groups ?? {};
    return { target: match[0].slice(2, -1), path: path === "" ? page.name : join(dirname(page.name), path), anchor };
  });
}

/** The anchors that GitHub gives a page's headings. */
export function anchorsOf(page: Page): string[] {
  const headings = withoutCode(page.text).matchAll(/^#{1,6} (?<heading>.+)$/gmv);
  return [...headings].map((match) =>
    (match.groups?.["heading"] ?? "")
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number} _\-]/gv, "")
      .replaceAll(" ", "-"),
  );
}

async function markdownIn(folder: string, recursive: boolean): Promise<string[]> {
  const names = await readdir(join(ROOT, folder), { recursive });
  return names.filter((name) => name.endsWith(".md")).map((name) => join(folder, name));
}

function blocksOf(name: string, text: string): Block[] {
  const found = [...text.matchAll(/^(?<indent> *)```(?<language>\S*)[^\n]*\n(?<code>.*?)^ *```$/gmsv)];
  let next: Block | undefined;
  let nextStart = -1;
  const blocks: Block[] = [];
  for (const match of found.toReversed()) {
    const { indent = "", language = "", code = "" } = match.groups ?? {};
    const lines = code.split("\n").map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    const end = match.index + match[0].length;
    const isFollowed = next !== undefined && text.slice(end, nextStart).trim() === "";
    next = {
      place: `${name}:${text.slice(0, match.index).split("\n").length}`,
      language,
      code: lines.join("\n"),
      path: /^(?:\/\/|#|--) (?<path>[\w.\/\-]+\.\w+)(?:[\s;,:]|$)/v.exec(code)?.groups?.["path"],
      next: isFollowed ? next : undefined,
    };
    nextStart = match.index;
    blocks.unshift(next);
  }
  return blocks;
}

function withoutCode(text: string): string {
  return text
    .replaceAll(/^ *```.*?^ *```$/gmsv, "")
    .replaceAll(/`[^`\n]*`/gv, (code) => code.replaceAll(/[\[\]\(\)]/gv, ""));
}
