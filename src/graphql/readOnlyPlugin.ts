import "postgraphile";
import { LIMITS } from "./limits.ts";

/**
 * What holds for the transaction of every statement. Set in the transaction and not for the session, so that it holds behind
 * a transaction pooler and in a PostGraphile server that is not ours too.
 */
const SETTINGS = {
  transaction_read_only: "on",
  statement_timeout: String(LIMITS.statementTimeoutMs),
  // Compiling takes longer than any of these statements runs.
  jit: "off",
};

/** Lets Postgres itself refuse whatever would write. */
export const ReadOnlyPlugin: GraphileConfig.Plugin = {
  name: "RatchetReadOnlyPlugin",
  version: "1.0.0",
  after: ["PgContextPlugin"],
  grafast: {
    middleware: {
      prepareArgs(next, { args }) {
        const context: object = args.contextValue;
        for (const { pgSettingsKey } of args.resolvedPreset?.pgServices ?? []) {
          if (pgSettingsKey !== undefined) {
            Reflect.set(context, pgSettingsKey, { ...(Reflect.get(context, pgSettingsKey) as object), ...SETTINGS });
          }
        }
        return next();
      },
    },
  },
};
