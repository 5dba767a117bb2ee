import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { inject } from "vitest";

import { outputOf, runProgram } from "./programs.ts";

export const REPOSITORY = resolve(import.meta.dirname, "../..");

const PARTS = [
  "package.json",
  ".gitignore",
  "README.md",
  "LICENSE",
  "tsconfig.json",
  "tsconfig.build.json",
  "src",
  "sql",
  "test",
];

/** An empty folder, removed after the run. */
export function createFolder(purpose: string): string {
  return mkdtempSync(join(inject("testRunFolder"), `${purpose}-`));
}

/** Writes files by their path in the folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** Makes the tarball that `npm publish` would send, and returns its path. Built apart, so that the repository's own `dist` is left alone. */
export async function packPackage(): Promise<string> {
  const folder = createFolder("pack");
  for (const part of PARTS) {
    cpSync(join(REPOSITORY, part), join(folder, part), { recursive: true });
  }
  // What an earlier build left behind must not be published.
  writeFiles(folder, { "dist/removed/long/ago.js": "" });
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  await outputOf(["npm", "pack"], { folder });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) {
    throw new Error(`npm pack has made no tarball in ${folder}.`);
  }
  return join(folder, tarball);
}

const UNREACHABLE = /\b(?:ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/v;

/** Installs packages and tarballs into a project, as its owner would. */
export async function installInto(folder: string, ...packages: readonly string[]): Promise<void> {
  const { exit, output } = await runProgram(
    ["npm", "install", "--prefer-offline", "--no-audit", "--no-fund", ...packages],
    { folder },
  );
  if (UNREACHABLE.test(output)) {
    throw new Error(
      `npm cannot reach its registry. This test installs the package as its users do and needs the registry, as \`npm ci\` does.\n${output}`,
    );
  }
  if (exit !== 0) {
    throw new Error(`npm install ${packages.join(" ")} ended with ${exit}:\n${output}`);
  }
}

/** The version of a package that the repository uses. */
export function versionOf(name: string): string {
  const file = join(REPOSITORY, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
