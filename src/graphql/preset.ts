import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import type { Logger } from "pino";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import "postgraphile/grafserv";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";
import { type GetVerifier, createAuthenticationPlugin } from "./authentication/authenticationPlugin.ts";
import { createIntrospectionPlugin } from "./introspectionPlugin.ts";
import { DEFAULT_STATEMENT_TIMEOUT_MS, LIMITS } from "./limits.ts";
import { createMaskError } from "./maskError.ts";
import { createPayloadCheckPlugin } from "./payloadCheckPlugin.ts";
import { RequestLimitPlugin } from "./requestLimitPlugin.ts";
import { type ReadClients, createRequestSettingsPlugin } from "./requestSettingsPlugin.ts";
import { SCHEMA_PLUGINS } from "./schemaPlugins.ts";
import { type SubscriptionOptions, createSubscriptionPlugin } from "./subscriptions/subscriptionPlugin.ts";

/** Fields that say the same as others. */
const SUPERFLUOUS_PLUGINS = [
  // `filter` does what `condition` does.
  "PgConditionArgumentPlugin",
  "PgConditionCustomFieldsPlugin",
  // The query as a node of itself, for clients of 2015.
  "QueryQueryPlugin",
  "RegisterQueryNodePlugin",
  // A filter over the rows of another table is slow where it looks harmless.
  "PgConnectionArgFilterBackwardRelationsPlugin",
  "PgConnectionArgFilterForwardRelationsPlugin",
  // An incomplete schema must fail, not be served.
  "SwallowErrorsPlugin",
];

const FILTER_OPERATORS = [
  "isNull",
  "equalTo",
  "notEqualTo",
  "in",
  "notIn",
  "lessThan",
  "lessThanOrEqualTo",
  "greaterThan",
  "greaterThanOrEqualTo",
  "startsWith",
  "includesInsensitive",
];

const DEFAULT_QUERY = `# The newest jobs, how far they are and why.
{
  jobs(first: 20) {
    nodes {
      id
      identifier
      status
      progress
      explanation
      tasks {
        nodes { position name status attempts errorMessage }
      }
    }
  }
}
`;

/** What {@link createGraphqlPreset} takes. */
export interface GraphqlPresetOptions {
  /** Called when there is something to log. */
  readonly getLog: () => Logger;
  /** What checks tokens; null: nobody is asked for one. */
  readonly getVerifier: GetVerifier;
  /** The name of the schema `ratchet`. */
  readonly getSchema: () => string;
  /** Whether introspection is answered. */
  readonly explore: () => boolean;
  /** How long Postgres works on one statement, in ms. Default 10,000. */
  readonly statementTimeoutMs?: number | undefined;
  /** Where operations that read go. Default: where mutations go. */
  readonly readClients?: ReadClients | undefined;
  /** The connections there are, of which one tenant gets a share. Default: no shares. */
  readonly connections?: { readonly count: number; readonly areQueriesElsewhere: boolean } | undefined;
  /** Default: there are no subscriptions. */
  readonly subscriptions?: SubscriptionOptions | undefined;
}

/** Creates the preset that makes an API of Ratchet's schema. */
export function createGraphqlPreset({
  getLog,
  getSchema,
  getVerifier,
  explore,
  statementTimeoutMs = DEFAULT_STATEMENT_TIMEOUT_MS,
  readClients,
  connections,
  subscriptions,
}: GraphqlPresetOptions): GraphileConfig.Preset {
  return {
    extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset, PostGraphileConnectionFilterPreset],
    plugins: [
      ...SCHEMA_PLUGINS,
      createPayloadCheckPlugin(),
      createAuthenticationPlugin(getVerifier),
      RequestLimitPlugin,
      createRequestSettingsPlugin({
        getSchema,
        statementTimeoutMs,
        demandsTokens: () => getVerifier() !== null,
        readClients,
        connections,
      }),
      createIntrospectionPlugin(explore),
      ...(subscriptions === undefined ? [] : [createSubscriptionPlugin(subscriptions)]),
    ],
    disablePlugins: SUPERFLUOUS_PLUGINS,
    schema: {
      // So that lists hold no null: a row is always there.
      pgForbidSetofFunctionsToReturnNull: true,
      connectionFilterAllowedOperators: FILTER_OPERATORS,
      connectionFilterComputedColumns: false,
      connectionFilterArrays: false,
      connectionFilterSetofFunctions: false,
      // `filter: {}` is what a form without an entry sends; a null stays an error, for it looks like a condition and is none.
      connectionFilterAllowEmptyObjectInput: true,
    },
    grafserv: {
      graphqlPath: "/graphql",
      graphqlOverGET: false,
      graphiql: true,
      graphiqlPath: "/ruru",
      graphiqlOnGraphQLGET: false,
      graphiqlStaticPath: "/ruru-static/",
      websockets: false,
      maxRequestLength: LIMITS.bodyBytes,
      // Up to a megabyte each.
      parseAndValidateCacheSize: 100,
      allowedRequestContentTypes: ["application/json"],
      maskError: createMaskError(getLog, () => getVerifier() !== null),
    },
    grafast: { explain: false },
    ruru: {
      clientConfig: { defaultQuery: DEFAULT_QUERY },
      htmlParts: { titleTag: "<title>Ratchet · GraphQL</title>" },
    },
  };
}
