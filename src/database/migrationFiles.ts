import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { DEFAULT_SCHEMA_NAMES, type SchemaNames, renameSchemas } from "./schemaNames.ts";

/** One SQL file of the package. */
export interface SqlFile {
  /** Path inside the folder `sql`, with slashes. */
  readonly path: string;
  readonly sql: string;
}

/** One file of `sql/migrations`, `NNNNNN_name.sql`. */
export interface Migration extends SqlFile {
  readonly number: number;
  readonly name: string;
  readonly hash: string;
}

/** One file of `sql/schema`. */
export interface CurrentStateFile extends SqlFile {
  readonly hash: string;
  /** Whether it makes functions only: these are replaced without a lock on any table or view. */
  readonly isFunctions: boolean;
}

/** All that makes up the schema in one version of the package. */
export interface SchemaFiles {
  /** What holds data, in ascending order. */
  readonly migrations: readonly Migration[];
  /** Functions, views, triggers and so on as they are now, in the order they are applied. */
  readonly currentState: readonly CurrentStateFile[];
  /** Of `currentState` as it reads under the schemas' names: under others every function is another one. */
  readonly currentStateHash: string;
  /** The package's version, `x.y.z`. */
  readonly version: string;
}

/** The order in which kinds of objects are made; a folder of another name comes last. */
const KINDS = ["tables", "functions", "views", "triggers"];

/** What {@link readSchemaFiles} takes. */
export interface SchemaFilesOptions {
  /** Default: the package's own `sql`. */
  readonly folder?: string | undefined;
  /** Of the schemas that the files are for; their texts keep the default names. Default: those. */
  readonly names?: SchemaNames | undefined;
}

/** Reads the folders `migrations` and `schema` in a folder. */
export function readSchemaFiles({
  folder = path.join(packageFolder(), "sql"),
  names = DEFAULT_SCHEMA_NAMES,
}: SchemaFilesOptions = {}): SchemaFiles {
  const currentState = sqlFilesIn(folder, "schema")
    .toSorted(byKindThenPath)
    .map(({ path: file, sql }) => ({
      path: file,
      sql,
      hash: hashOf(renameSchemas(sql, names)),
      isFunctions: file.split("/").includes("functions"),
    }));
  return {
    migrations: sqlFilesIn(folder, "migrations")
      .map(toMigration)
      .toSorted((one, other) => one.number - other.number),
    currentState,
    currentStateHash: hashOf(currentState.map(({ path: file, hash }) => `${file}\n${hash}`).join("\n")),
    version: (JSON.parse(readFileSync(path.join(packageFolder(), "package.json"), "utf8")) as { version: string })
      .version,
  };
}

/** The folder of package.json, from src/ and from dist/ alike. */
function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, "package.json"))) {
    folder = path.dirname(folder);
  }
  return folder;
}

function sqlFilesIn(folder: string, part: string): SqlFile[] {
  const start = path.join(folder, part);
  if (!existsSync(start)) {
    return [];
  }
  return readdirSync(start, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sql"))
    .map((name) => ({
      path: path.posix.join(part, name.replaceAll("\\", "/")),
      // Git may have checked the file out with Windows line ends; its hash must be the same everywhere.
      sql: readFileSync(path.join(start, name), "utf8").replaceAll("\r\n", "\n"),
    }))
    .toSorted((one, other) => compare(one.path, other.path));
}

function toMigration(file: SqlFile): Migration {
  const { digits, name } = /^migrations\/(?<digits>\d{6})_(?<name>\w+)\.sql$/v.exec(file.path)?.groups ?? {};
  if (digits === undefined || name === undefined) {
    throw new Error(`sql/${file.path} must be named like 000001_what_it_does.sql.`);
  }
  return { ...file, number: Number(digits), name, hash: hashOf(file.sql) };
}

function byKindThenPath(one: SqlFile, other: SqlFile): number {
  return kindRank(one) - kindRank(other) || compare(one.path, other.path);
}

function kindRank(file: SqlFile): number {
  const rank = file.path
    .split("/")
    .slice(0, -1)
    .map((part) => KINDS.indexOf(part))
    .find((index) => index >= 0);
  return rank ?? KINDS.length;
}

// Not localeCompare: the order must not depend on the machine's language.
function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
