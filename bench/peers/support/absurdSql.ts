import { existsSync, readFileSync } from "node:fs";

import { absurdSqlFile } from "../../environment.ts";

const WHERE_TO_GET = "Take sql/absurd.sql of Absurd's newest release and give it by --absurd-sql FILE or ABSURD_SQL.";

/** Why Absurd's schema cannot be installed, in one line, or null if it can. */
export function whyNoAbsurdSql(): string | null {
  const file = absurdSqlFile();
  if (file === null) {
    return `Absurd is left out: its SQL file is not part of its package. ${WHERE_TO_GET}`;
  }
  if (!existsSync(file)) {
    return `Absurd is left out: there is no file ${file}. ${WHERE_TO_GET}`;
  }
  // What spawn_task of absurd-sdk 0.5.0 reads.
  return readFileSync(file, "utf8").includes("created boolean")
    ? null
    : `Absurd is left out: ${file} is too old for its package. ${WHERE_TO_GET}`;
}

/** The SQL that installs Absurd. Throws if {@link whyNoAbsurdSql} has a reason. */
export function readAbsurdSql(): string {
  const file = absurdSqlFile();
  if (file === null) {
    throw new Error(WHERE_TO_GET);
  }
  return readFileSync(file, "utf8");
}

/** The version the SQL file says of itself. */
export function absurdSqlVersion(): string {
  return /get_schema_version.*?select '(?<version>[^']+)'/sv.exec(readAbsurdSql())?.groups?.["version"] ?? "unknown";
}
