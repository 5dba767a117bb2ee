import { chmodSync, cpSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, matchesGlob, relative } from "node:path";

import { outputOf } from "../package/programs.ts";

/** One line of a Dockerfile. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** What the last stage of a Dockerfile describes. */
export interface BuiltImage {
  /** The folder that stands for `/`. */
  readonly root: string;
  readonly baseImage: string;
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly stopSignal: string | undefined;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

interface Stage extends BuiltImage {
  readonly alias: string | undefined;
}

/** Reads a Dockerfile; comments are left out, lines that end in a backslash joined. */
function parseDockerfile(text: string): Instruction[] {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const { name, rest } = /^(?<name>[A-Z]+)\s+(?<rest>.*)$/v.exec(line)?.groups ?? {};
      if (name === undefined || rest === undefined) {
        throw new Error(`This line of the Dockerfile is no instruction: ${line}`);
      }
      return { name, text: rest.trim() };
    });
}

/**
 * Does what a Dockerfile says, with this machine's programs, in one folder a stage: a RUN is a shell command in the stage's
 * WORKDIR. There is no chroot, so a RUN must not name absolute paths; USER is only noted.
 */
export async function buildImage(context: string, folder: string): Promise<BuiltImage> {
  const isIgnored = readIgnoreFile(join(context, ".dockerignore"));
  const stages: Stage[] = [];
  for (const { name, text } of parseDockerfile(readFileSync(join(context, "Dockerfile"), "utf8"))) {
    if (name === "FROM") {
      const [baseImage = "", , alias] = text.split(/\s+/v);
      const root = join(folder, String(stages.length));
      mkdirSync(root);
      stages.push({ ...NEW_STAGE, root, baseImage, alias });
      continue;
    }
    const stage = stages.pop();
    if (stage === undefined) {
      throw new Error(`${name} comes before the first FROM.`);
    }
    if (name === "RUN") {
      await run(stage, text);
    } else if (name === "COPY") {
      copy({ stage, stages, text, context, isIgnored });
    }
    stages.push(withSetting(stage, name, text));
  }
  const last = stages.at(-1);
  if (last === undefined) {
    throw new Error("The Dockerfile has no FROM.");
  }
  return last;
}

const NEW_STAGE = {
  workdir: "/",
  environment: {},
  user: undefined,
  stopSignal: undefined,
  entrypoint: [],
  command: [],
} as const;

/** What the instruction changes in the stage's description. */
function withSetting(stage: Stage, name: string, text: string): Stage {
  switch (name) {
    case "RUN":
    case "COPY":
      return stage;
    case "WORKDIR":
      mkdirSync(join(stage.root, text), { recursive: true });
      return { ...stage, workdir: text };
    case "ENV":
      return { ...stage, environment: { ...stage.environment, ...Object.fromEntries([text.split("=")]) } };
    case "USER":
      return { ...stage, user: text };
    case "STOPSIGNAL":
      return { ...stage, stopSignal: text };
    case "ENTRYPOINT":
      return { ...stage, entrypoint: JSON.parse(text) as string[] };
    case "CMD":
      return { ...stage, command: JSON.parse(text) as string[] };
    default:
      throw new Error(`The test does not know how to do ${name} ${text}`);
  }
}

async function run({ root, workdir, environment }: Stage, command: string): Promise<void> {
  await outputOf(["/bin/sh", "-c", command], {
    folder: join(root, workdir),
    settings: { ...environment, npm_config_prefer_offline: "true" },
  });
}

interface CopyOptions {
  readonly stage: Stage;
  readonly stages: readonly Stage[];
  readonly text: string;
  readonly context: string;
  readonly isIgnored: (path: string) => boolean;
}

function copy({ stage, stages, text, context, isIgnored }: CopyOptions): void {
  const words = text.split(/\s+/v);
  const alias = /^--from=(?<alias>.+)$/v.exec(words[0] ?? "")?.groups?.["alias"];
  const source = alias === undefined ? undefined : stages.find((candidate) => candidate.alias === alias);
  if (alias !== undefined && source === undefined) {
    throw new Error(`COPY ${text}: there is no stage ${alias}.`);
  }
  const names = words.slice(alias === undefined ? 0 : 1, -1);
  const target = join(stage.root, stage.workdir, words.at(-1) ?? "");
  for (const name of names) {
    const from = join(source?.root ?? context, name);
    const isFolder = statSync(from).isDirectory();
    const to = isFolder || (names.length === 1 && !text.endsWith("/")) ? target : join(target, basename(name));
    const filter = (path: string): boolean => source !== undefined || !isIgnored(relative(context, path));
    if (!filter(from)) {
      throw new Error(`COPY ${text}: .dockerignore leaves out ${name}.`);
    }
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter });
  }
}

/** The last line that matches a path or a folder it is in decides, as Docker has it. */
function readIgnoreFile(file: string): (path: string) => boolean {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return (path) => {
    const parts = path.split("/");
    const withParents = parts.map((_part, index) => parts.slice(0, index + 1).join("/"));
    const last = lines.findLast((line) => withParents.some((each) => matchesGlob(each, line.replace(/^!/v, ""))));
    return last !== undefined && !last.startsWith("!");
  };
}

/** Lets any user look into the folder: a test's own folders are closed. */
export function openToReaders(folder: string): void {
  chmodSync(folder, 0o755);
}
