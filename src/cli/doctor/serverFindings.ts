import type { RightsFacts, ServerFacts } from "../../database/calls/diagnosis.ts";
import type { ConnectionKind } from "../../database/connectionKind.ts";
import type { MigrationState } from "../../database/migrationState.ts";
import { formatSpan } from "../output/time.ts";
import type { Finding } from "./finding.ts";

const OLDEST_NODE = [22, 18];
/** From here on schedules and countdowns look wrong to people. */
const CLOCK_TOLERANCE_MS = 2_000;
const FULL_SHARE = 0.9;

/** The programs on this machine. */
export function programsFinding(versions: {
  readonly node: string;
  readonly ratchet: string;
  readonly graphileWorker: string;
}): Finding {
  const [major = 0, minor = 0] = versions.node.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  const isOld = major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
  const message = `Ratchet ${versions.ratchet}, graphile-worker ${versions.graphileWorker}, Node ${versions.node}.`;
  return isOld
    ? { check: "programs", level: "problem", message, advice: `Use Node ${OLDEST_NODE.join(".")} or newer.` }
    : { check: "programs", level: "ok", message };
}

/** Where the database is and how it is set up; `place` is `host:port`. That Ratchet can use it was checked before. */
export function serverFindings(server: ServerFacts, place: string): Finding[] {
  const message = `Postgres ${server.version} (${server.encoding}) at ${place}, database "${server.database}", role "${server.role}".`;
  const findings: Finding[] = [{ check: "connection", level: "ok", message }];
  if (server.isStandby) {
    findings.push({
      check: "standby",
      level: "problem",
      message: "The server is a standby: it can be read, but no job can be queued or run.",
      advice: "Let DATABASE_URL lead to the primary.",
    });
  }
  if (server.isUnsafe) {
    findings.push({
      check: "durability",
      level: "warning",
      message: "fsync or full_page_writes is off: a crash of the machine can damage the database.",
      advice: "Switch both on, unless the data may be lost.",
    });
  }
  if (server.connections > server.maxConnections * FULL_SHARE) {
    findings.push({
      check: "connections",
      level: "warning",
      message: `${server.connections} of ${server.maxConnections} connections are in use.`,
      advice: "Run fewer workers, lower other programs' pools, or raise max_connections.",
    });
  }
  return findings;
}

/** `aheadMs`: how far this machine's clock is before the database's. */
export function clockFinding(aheadMs: number): Finding {
  const difference = formatSpan(Math.abs(aheadMs));
  if (Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS) {
    return { check: "clock", level: "ok", message: `This machine's clock and the database's are ${difference} apart.` };
  }
  return {
    check: "clock",
    level: "warning",
    message: `This machine's clock is ${difference} ${aheadMs > 0 ? "ahead of" : "behind"} the database's, which Ratchet goes by.`,
    advice: "Set both by NTP; until then times that you give (--run-at) mean something else than your watch says.",
  };
}

const CONNECTION_KINDS: Readonly<Record<ConnectionKind, Finding>> = {
  direct: { check: "pooler", level: "ok", message: "The connection is direct, and notifications arrive." },
  "session pooler": {
    check: "pooler",
    level: "ok",
    message: "A pooler lies between, in session mode: notifications arrive.",
  },
  "transaction pooler": {
    check: "pooler",
    level: "problem",
    message: "No notification arrives: a pooler in transaction mode (PgBouncer, say) lies between.",
    advice:
      "Give workers and watchers a DATABASE_URL straight to Postgres, or a pool in session mode. Adding jobs works as it is.",
  },
};

/** Whether what lies between lets workers work. */
export function poolerFinding(kind: ConnectionKind): Finding {
  return CONNECTION_KINDS[kind];
}

const MIGRATION_STATES: Readonly<Record<MigrationState, Finding>> = {
  current: { check: "migrations", level: "ok", message: "The schema is that of this version." },
  missing: {
    check: "migrations",
    level: "problem",
    message: "The database is not migrated.",
    advice: "Run: ratchet migrate",
  },
  pending: {
    check: "migrations",
    level: "problem",
    message: "The schema is older than this version of Ratchet, or an upgrade of it is not complete.",
    advice: "Run: ratchet migrate (what it would do: ratchet migrate --print-sql)",
  },
  ahead: {
    check: "migrations",
    level: "warning",
    message: "A newer Ratchet has migrated this database; this one can work on it.",
    advice: "Upgrade pg-ratchet here before the next upgrade of the database: one version behind is what works.",
  },
  newer: {
    check: "migrations",
    level: "problem",
    message: "A newer Ratchet has migrated this database, and this one is too old for it.",
    advice: "Upgrade pg-ratchet here to that version or a later one.",
  },
};

/** How the database stands to this version. */
export function migrationsFinding(state: MigrationState): Finding {
  return MIGRATION_STATES[state];
}

const MOST_NAMED = 4;

/** Whether the role can run jobs and migrate. */
export function rightsFinding({ ownsSchemas, missing, isBlind }: RightsFacts, role: string): Finding {
  if (missing.length > 0) {
    const rest = missing.length - MOST_NAMED;
    const named = `${missing.slice(0, MOST_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
    return {
      check: "rights",
      level: "warning",
      message: `Role "${role}" cannot run jobs: it lacks ${named}.`,
      advice:
        "That is as it should be for a service that only adds jobs. Workers need the role that migrated, or a member of it.",
    };
  }
  if (isBlind) {
    return {
      check: "rights",
      level: "problem",
      message: `Row security hides graphile-worker's rows from role "${role}", so that its workers find nothing.`,
      advice: "Run workers as the role that owns the schema graphile_worker, or as a member of it.",
    };
  }
  return ownsSchemas
    ? { check: "rights", level: "ok", message: "The role can run jobs and migrate." }
    : {
        check: "rights",
        level: "ok",
        message: "The role can run jobs. It cannot migrate, since it does not own the schemas.",
      };
}
