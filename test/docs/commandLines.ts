import { type Block, readBlocks, readPages } from "./pages.ts";

/** One command of a `sh` block. */
export interface CommandLine {
  /** The block it stands in. */
  readonly place: string;
  /** The program and what follows, without quotes, comments, redirections and settings in front. */
  readonly words: readonly string[];
}

/** Every command of the documents, in order. */
export async function readCommandLines(): Promise<CommandLine[]> {
  return (await readBlocks("sh")).flatMap(commandLinesOf);
}

/** Every `ratchet …` inside a sentence; what such a command needs may be left out there. */
export async function readInlineCommands(): Promise<CommandLine[]> {
  return (await readPages()).flatMap(({ name, text }) =>
    [...text.matchAll(/`(?<code>(?:npm run ratchet -- |npx )?ratchet [a-z][^`\n]*)`/gv)].flatMap(({ groups }) =>
      commandsOf(groups?.["code"] ?? "").map((words) => ({ place: name, words })),
    ),
  );
}

/** The commands of one block; parts of `&&`, `|`, `;` and `$(…)` are commands of their own. */
export function commandLinesOf({ place, code }: Block): CommandLine[] {
  const lines = code.replaceAll("\\\n", " ").split("\n");
  return lines.flatMap((line) => commandsOf(line)).map((words) => ({ place, words }));
}

/** What follows `ratchet`, however the line starts it; null for other programs. */
export function ratchetArguments({ words }: CommandLine): readonly string[] | null {
  const line = words.join(" ");
  const start = ["ratchet ", "npx ratchet ", "npm run ratchet -- ", "npm run --silent ratchet -- "].find((prefix) =>
    line.startsWith(prefix),
  );
  return start === undefined ? null : words.slice(start.trim().split(" ").length);
}

function commandsOf(line: string): string[][] {
  const inner = [...line.matchAll(/\$\((?<command>[^\)]*)\)/gv)].flatMap((match) =>
    commandsOf(match.groups?.["command"] ?? ""),
  );
  const commands: string[][] = [[]];
  for (const { groups } of line.replaceAll(/\$\([^\)]*\)/gv, "1").matchAll(WORDS)) {
    const { double, single, separator, comment, word } = groups ?? {};
    if (comment !== undefined) {
      break;
    }
    if (separator === undefined) {
      commands.at(-1)?.push(double ?? single ?? word ?? "");
    } else {
      commands.push([]);
    }
  }
  return [...inner, ...commands.map(withoutSettings).filter((command) => command.length > 0)];
}

const WORDS =
  /"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<separator>&&?|\|\|?|;)|(?<comment>(?:^|\s)#.*$)|(?<word>(?:(?!&)[^\s"'\|;])+)/gv;

function withoutSettings(words: readonly string[]): string[] {
  const start = words.findIndex((word) => !/^[A-Z_]+=/v.test(word));
  const command = start === -1 ? [] : words.slice(start);
  const redirection = command.findIndex((word) => /^\d?[<>]/v.test(word));
  return redirection === -1 ? command : command.slice(0, redirection);
}
