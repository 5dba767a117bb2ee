import "postgraphile";
import type { WithPgClient } from "postgraphile/@dataplan/pg";
import { type OperationDefinitionNode, Kind, OperationTypeNode } from "postgraphile/graphql";
import { RatchetError } from "../errors/ratchetError.ts";
import { type Identity, identityOf } from "./authentication/identity.ts";

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- Grafast's types are extended like this.
  namespace Grafast {
    interface Context {
      /** Who asks; null: nobody asks for tokens here, and all is done as the login of the connection. */
      readonly ratchetIdentity?: Identity | null;
    }
  }
}

/** Where operations that read get their connections. */
export type ReadClients = Readonly<Record<OperationTypeNode.QUERY | OperationTypeNode.SUBSCRIPTION, WithPgClient>>;

/** What {@link createRequestSettingsPlugin} takes. */
export interface RequestSettings {
  /** The name of the schema `ratchet`, which the names of roles and settings begin with. */
  readonly getSchema: () => string;
  readonly statementTimeoutMs: number;
  /** Whether nobody is answered who has not shown a token. */
  readonly demandsTokens: () => boolean;
  /** Where operations that read go. Default: where mutations go. */
  readonly readClients?: ReadClients | undefined;
}

/**
 * Tells Postgres who asks, lets it refuse what a query would write, and end what takes too long. Set in each transaction and
 * not for the session, so that it holds behind a transaction pooler and in a PostGraphile server that is not ours too.
 */
export function createRequestSettingsPlugin({
  getSchema,
  statementTimeoutMs,
  demandsTokens,
  readClients,
}: RequestSettings): GraphileConfig.Plugin {
  return {
    name: "RatchetRequestSettingsPlugin",
    version: "1.0.0",
    after: ["PgContextPlugin"],
    grafast: {
      middleware: {
        async prepareArgs(proceed, { args }) {
          // What a project's own preset puts into the context comes first: it cannot undo what follows.
          const prepared = await proceed();
          const identity = identityOf(args.requestContext ?? {}) ?? null;
          // Whatever way a request has come, this is the gate.
          if (identity === null ? demandsTokens() : identity.expiresAtMs <= Date.now()) {
            throw new RatchetError("RT153", "Nobody has shown who asks, or the token has expired.");
          }
          const kind = kindOf(args);
          const settings = {
            ...(identity === null ? {} : settingsOf(identity, getSchema())),
            ...(kind === OperationTypeNode.MUTATION ? {} : { transaction_read_only: "on" }),
            statement_timeout: String(statementTimeoutMs),
            // Compiling takes longer than any of these statements runs.
            jit: "off",
          };
          const context: object = args.contextValue;
          Reflect.set(context, "ratchetIdentity", identity);
          for (const { pgSettingsKey, withPgClientKey } of args.resolvedPreset?.pgServices ?? []) {
            if (readClients !== undefined && withPgClientKey !== undefined && isReading(kind)) {
              Reflect.set(context, withPgClientKey, readClients[kind]);
            }
            if (pgSettingsKey !== undefined) {
              Reflect.set(context, pgSettingsKey, { ...(Reflect.get(context, pgSettingsKey) as object), ...settings });
            }
          }
          return prepared;
        },
      },
    },
  };
}

function settingsOf({ role, tenant, subject }: Identity, schema: string): Record<string, string> {
  return { role: `${schema}_${role}`, [`${schema}.tenant`]: tenant ?? "", [`${schema}.subject`]: subject };
}

function isReading(kind: OperationTypeNode | undefined): kind is keyof ReadClients {
  return kind === OperationTypeNode.QUERY || kind === OperationTypeNode.SUBSCRIPTION;
}

/** Which operation runs is checked later; undefined if it cannot be told. */
function kindOf({ document, operationName }: Grafast.ExecutionArgs): OperationTypeNode | undefined {
  const operations = document.definitions.filter(
    (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
  );
  const chosen =
    typeof operationName === "string" && operationName !== ""
      ? operations.find(({ name }) => name?.value === operationName)
      : operations[0];
  return chosen?.operation;
}
