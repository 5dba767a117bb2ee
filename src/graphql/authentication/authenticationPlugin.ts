import type { IncomingMessage, ServerResponse } from "node:http";
import "postgraphile";
import "postgraphile/grafserv";
import type { Result } from "postgraphile/grafserv";
import { GraphQLError } from "postgraphile/graphql";
import type { WebSocket } from "ws";
import { RatchetError, isRatchetError } from "../../errors/ratchetError.ts";
import { toGraphqlExtensions } from "../maskError.ts";
import { authenticate, authenticateSocket } from "./authentication.ts";
import { LIMITS } from "../limits.ts";
import { type Identity, callerOf, identityBy } from "./identity.ts";
import { createRequestCount } from "./requestCount.ts";
import type { TokenVerifier } from "./tokenVerifier.ts";

/** What {@link createAuthenticationPlugin} takes: what checks tokens, null if nobody is asked for one. */
export type GetVerifier = () => Promise<TokenVerifier> | null;

/** What Grafserv notes of a websocket. */
interface SocketExtra {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

/**
 * Asks everybody for a token, by HTTP before the body is read: in our server, in PostGraphile's own and in whatever else
 * Grafserv runs in.
 */
export function createAuthenticationPlugin(getVerifier: GetVerifier): GraphileConfig.Plugin {
  const requests = createRequestCount(LIMITS.requestsOfCaller);
  return {
    name: "RatchetAuthenticationPlugin",
    version: "1.0.0",
    grafserv: {
      middleware: {
        async processRequest(proceed, { requestDigest, resolvedPreset }) {
          const verifying = getVerifier();
          if (verifying === null || requestDigest.path !== (resolvedPreset.grafserv?.graphqlPath ?? "/graphql")) {
            return proceed();
          }
          let identity: Identity;
          try {
            identity = await authenticate(requestDigest, requestDigest.headers["authorization"], await verifying);
          } catch (error) {
            if (isRatchetError(error)) {
              return refusal(error, requestDigest.headers["authorization"] !== undefined);
            }
            throw error;
          }
          const end = requests.begin(callerOf(identity));
          if (end === null) {
            return refusal(
              new RatchetError("RT156", `The server answers ${LIMITS.requestsOfCaller} requests of yours already.`),
              true,
            );
          }
          const response: ServerResponse | undefined = requestDigest.requestContext.node?.res;
          // Whoever does not read what he asked for has not been answered yet.
          response?.once("close", end);
          try {
            return await proceed();
          } finally {
            if (response === undefined) {
              end();
            }
          }
        },
        // Our server has done this when the connection was made; PostGraphile's has no place for it there.
        async onSubscribe(proceed, event) {
          const verifying = getVerifier();
          const { socket, request } = event.ctx.extra as SocketExtra;
          if (verifying !== null && identityBy(socket) === undefined) {
            try {
              await authenticateSocket(socket, request, event.ctx.connectionParams, await verifying);
            } catch (error) {
              if (isRatchetError(error)) {
                return [new GraphQLError(error.message, { originalError: error })];
              }
              throw error;
            }
          }
          return proceed();
        },
      },
    },
  };
}

/** RFC 6750, section 3: a request that brought no token learns no more than that it needs one. */
function refusal(error: RatchetError, hasToken: boolean): Result {
  const isOurTrouble = error.code !== "RT153";
  return {
    type: "json",
    statusCode: isOurTrouble ? 503 : 401,
    headers: {
      "content-type": "application/json; charset=utf-8",
      ...(isOurTrouble
        ? { "retry-after": "5" }
        : { "www-authenticate": `Bearer realm="ratchet"${hasToken ? ', error="invalid_token"' : ""}` }),
    },
    json: { errors: [{ message: error.message, extensions: toGraphqlExtensions(error) as Record<string, string> }] },
  };
}
