import "postgraphile";
import type { WithPgClient } from "postgraphile/@dataplan/pg";
import { type OperationDefinitionNode, Kind, OperationTypeNode } from "postgraphile/graphql";
import { RatchetError } from "../errors/ratchetError.ts";
import { createConnectionShares } from "./connectionShares.ts";
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
  /** The connections there are, of which one tenant gets a share. Default: no shares. */
  readonly connections?: { readonly count: number; readonly areQueriesElsewhere: boolean } | undefined;
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
  connections,
}: RequestSettings): GraphileConfig.Plugin {
  const shares = connections === undefined ? undefined : createConnectionShares(connections.count);
  const queryShares = connections?.areQueriesElsewhere === true ? createConnectionShares(connections.count) : shares;

  /** Operations that read go where they are to go, and each tenant gets its share of the connections there. */
  function chooseClients(
    context: object,
    key: string,
    kind: OperationTypeNode | undefined,
    identity: Identity | null,
  ): void {
    const clients = isReading(kind) ? readClients?.[kind] : undefined;
    const chosen = clients ?? (Reflect.get(context, key) as WithPgClient | undefined);
    const tenant = identity?.tenant ?? null;
    const ownShares = kind === OperationTypeNode.QUERY ? queryShares : shares;
    if (chosen !== undefined) {
      Reflect.set(context, key, tenant === null ? chosen : (ownShares?.limit(chosen, tenant) ?? chosen));
    }
  }

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
            if (withPgClientKey !== undefined) {
              chooseClients(context, withPgClientKey, kind, identity);
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
