import { RatchetError } from "../errors/ratchetError.ts";
import type { Queryable } from "./calls/queryable.ts";
import { RESERVED_NAMES } from "./reservedNames.ts";

/** What the schemas of one Ratchet are called. Several can live in one database under different names. */
export interface SchemaNames {
  /** What people and services use; `<ratchet>_private` is the engine's own. */
  readonly ratchet: string;
  /** graphile-worker's. */
  readonly graphileWorker: string;
}

/** The names that stand in the SQL files and in `calls/`. */
export const DEFAULT_SCHEMA_NAMES: SchemaNames = Object.freeze({
  ratchet: "ratchet",
  graphileWorker: "graphile_worker",
});

// Room for "_private" under Postgres' limit of 63 bytes.
const USABLE_NAME = /^[a-z_][a-z0-9_]{0,47}$/v;

/**
 * Completes and checks the names of schemas.
 * @throws {RatchetError} RT110 that says what is wrong with which name.
 */
export function schemaNames(given: { readonly [Name in keyof SchemaNames]?: string | undefined } = {}): SchemaNames {
  const names = {
    ratchet: given.ratchet ?? DEFAULT_SCHEMA_NAMES.ratchet,
    graphileWorker: given.graphileWorker ?? DEFAULT_SCHEMA_NAMES.graphileWorker,
  };
  const problems = Object.values(names).flatMap((name) => {
    const problem = problemOfName(name);
    return problem === undefined ? [] : [`${JSON.stringify(name)} can be no schema of Ratchet's: ${problem}.`];
  });
  const clash = problemOfPair(names);
  if (problems.length > 0 || clash !== undefined) {
    throw new RatchetError("RT110", [...problems, ...(clash === undefined ? [] : [clash])].join("\n"));
  }
  return Object.freeze(names);
}

/** What to do about a name that Ratchet cannot use for a schema; undefined if it can. */
export function problemOfName(name: string): string | undefined {
  if (!USABLE_NAME.test(name)) {
    return "write 1 to 48 small letters, digits and underscores, with no digit first";
  }
  if (name.startsWith("pg_") || RESERVED_NAMES.has(name)) {
    return "choose another name, since this one is a word of SQL or belongs to Postgres";
  }
  return undefined;
}

/** Why these two names do not go together, as a sentence; undefined if they do. */
export function problemOfPair({ ratchet, graphileWorker }: SchemaNames): string | undefined {
  return graphileWorker === ratchet || graphileWorker === `${ratchet}_private`
    ? `Ratchet's schemas "${ratchet}" and "${ratchet}_private" and graphile-worker's "${graphileWorker}" must be different ones.`
    : undefined;
}

/** Whether these are the names that stand in the SQL text. */
export function areDefault({ ratchet, graphileWorker }: SchemaNames): boolean {
  return ratchet === DEFAULT_SCHEMA_NAMES.ratchet && graphileWorker === DEFAULT_SCHEMA_NAMES.graphileWorker;
}

// The word "ratchet" is also a command: it is a schema before a dot and a name, after the word "schema", and as a whole
// string or the first part of a key or channel. The group roles begin with the schema's name too.
// docs/decisions/0007-schema-names.md
const NAMES_IN_SQL =
  /(?<![\w$.\-])(?:ratchet(?<suffix>_private|_enqueuer|_viewer|_operator|_admin)(?![\w$])|(?<graphile>graphile_worker)(?![\w$])|ratchet(?=\.[a-z_*"])|(?<=\bschemas? (?:if (?:not )?exists )?)ratchet(?![\w$\-])|(?<=["'`^])ratchet(?=["'`:]))/gv;

/** Texts that are no constants would fill the memory. */
const MOST_REMEMBERED = 1000;
const LONGEST_REMEMBERED = 10_000;

const remembered = new Map<string, Map<string, string>>();

/** The same SQL, or sentence about SQL, with these schemas' names in place of the default ones. */
export function renameSchemas(text: string, names: SchemaNames): string {
  if (areDefault(names)) {
    return text;
  }
  const key = `${names.ratchet} ${names.graphileWorker}`;
  const known = remembered.get(key) ?? new Map<string, string>();
  remembered.set(key, known);
  const before = known.get(text);
  if (before !== undefined) {
    return before;
  }
  const renamed = text.replaceAll(NAMES_IN_SQL, (found) => {
    if (found === "graphile_worker") {
      return names.graphileWorker;
    }
    return found.replace("ratchet", names.ratchet);
  });
  if (text.length <= LONGEST_REMEMBERED) {
    if (known.size >= MOST_REMEMBERED) {
      known.clear();
    }
    known.set(text, renamed);
  }
  return renamed;
}

const namesOf = new WeakMap<object, SchemaNames>();

/** Notes that what runs statements here puts these names into them by itself. */
export function noteSchemas(db: object, names: SchemaNames): void {
  if (!areDefault(names)) {
    namesOf.set(db, names);
  }
}

/** The names that a pool of ours, its clients and what {@link inSchemas} gives put into SQL; else the default ones. */
export function schemasOf(db: object): SchemaNames {
  return namesOf.get(db) ?? DEFAULT_SCHEMA_NAMES;
}

/**
 * Lets Ratchet's calls run on a client that is not ours, under these names; what its owner runs on it himself is left as it
 * is. With the default names, or if it uses these already, this is the client itself.
 */
export function inSchemas(db: Queryable, names: SchemaNames): Queryable {
  const own = namesOf.get(db);
  const isSame = own?.ratchet === names.ratchet && own.graphileWorker === names.graphileWorker;
  if (isSame || (areDefault(names) && own === undefined)) {
    return db;
  }
  if (own !== undefined) {
    throw new Error(`This client uses the schemas of "${own.ratchet}" and cannot use those of "${names.ratchet}" too.`);
  }
  const query = (statement: unknown, ...rest: unknown[]): unknown =>
    (db.query as (...parameters: unknown[]) => unknown)(renameStatement(statement, names), ...rest);
  const renaming: Queryable = { query: query as Queryable["query"] };
  noteSchemas(renaming, names);
  return renaming;
}

/** What `query` of pg takes: a text, an object with one, or an object that sends itself, which is left as it is. */
export function renameStatement(statement: unknown, names: SchemaNames): unknown {
  if (typeof statement === "string") {
    return renameSchemas(statement, names);
  }
  if (typeof statement !== "object" || statement === null || "submit" in statement || !("text" in statement)) {
    return statement;
  }
  return { ...statement, text: renameSchemas(String(statement.text), names) };
}
