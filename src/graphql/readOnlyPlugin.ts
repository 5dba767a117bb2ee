import "postgraphile";

/**
 * Lets Postgres itself refuse what would write and end what takes too long. Set in each transaction and not for the session,
 * so that it holds behind a transaction pooler and in a PostGraphile server that is not ours too.
 */
export function createReadOnlyPlugin(statementTimeoutMs: number): GraphileConfig.Plugin {
  const settings = {
    transaction_read_only: "on",
    statement_timeout: String(statementTimeoutMs),
    // Compiling takes longer than any of these statements runs.
    jit: "off",
  };
  return {
    name: "RatchetReadOnlyPlugin",
    version: "1.0.0",
    after: ["PgContextPlugin"],
    grafast: {
      middleware: {
        prepareArgs(next, { args }) {
          const context: object = args.contextValue;
          for (const { pgSettingsKey } of args.resolvedPreset?.pgServices ?? []) {
            if (pgSettingsKey !== undefined) {
              Reflect.set(context, pgSettingsKey, { ...(Reflect.get(context, pgSettingsKey) as object), ...settings });
            }
          }
          return next();
        },
      },
    },
  };
}
