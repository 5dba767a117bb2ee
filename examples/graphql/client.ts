import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { type ExecutionResult, print } from "graphql";
import { createClient } from "graphql-ws";

/** What {@link createJobsClient} takes. */
export interface JobsClientOptions {
  /** Such as `http://127.0.0.1:5678/graphql`. */
  readonly url: string;
  /** Gives a token that is valid for a while yet; called anew for each request and each connection. Default: none is sent. */
  readonly token?: () => string | Promise<string>;
}

/** What a subscription tells. */
export interface Listener<Data> {
  /** The state now, and then after each change. */
  readonly onData: (data: Data) => void;
  /** Something is wrong; `isFinal`: nothing more will come. What was told last may be out of date by now. */
  readonly onTrouble: (error: Error, isFinal: boolean) => void;
}

/** A client whose variables and answers have the types of its documents. */
export interface JobsClient {
  ask<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data>;
  /** Returns what ends it. A connection that is lost is made again, and the state then comes first. */
  subscribe<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    listener: Listener<Data>,
  ): () => void;
  close(): Promise<void>;
}

/** Creates a client: requests by `fetch`, subscriptions over one websocket. Runs in browsers and in Node 22. */
export function createJobsClient({ url, token }: JobsClientOptions): JobsClient {
  async function authorization(): Promise<Record<string, string>> {
    return token === undefined ? {} : { authorization: `Bearer ${await token()}` };
  }
  const live = createClient({
    url: url.replace(/^http/v, "ws"),
    connectionParams: authorization,
    retryAttempts: Number.POSITIVE_INFINITY,
  });

  return {
    async ask(document, variables) {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...(await authorization()) },
        body: JSON.stringify({ query: print(document), variables }),
      });
      return dataOf((await response.json()) as ExecutionResult<never>);
    },
    subscribe(document, variables, { onData, onTrouble }) {
      return live.subscribe<never>(
        { query: print(document), variables },
        {
          next: (result) => {
            if (result.errors === undefined) {
              onData(dataOf(result as ExecutionResult<never>));
            } else {
              onTrouble(errorOf(result as ExecutionResult), false);
            }
          },
          error: (cause) => {
            onTrouble(Array.isArray(cause) ? errorOf({ errors: cause }) : asError(cause), true);
          },
          complete: () => {},
        },
      );
    },
    async close() {
      await live.dispose();
    },
  };
}

function dataOf<Data>(result: ExecutionResult<Data>): Data {
  if (result.data === undefined || result.data === null || result.errors !== undefined) {
    throw errorOf(result);
  }
  return result.data;
}

/** The messages; code, hint and the rest are in `cause`. */
function errorOf({ errors = [] }: Pick<ExecutionResult, "errors">): Error {
  return new Error(errors.map(({ message }) => message).join("\n"), { cause: errors });
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error("The connection was closed.", { cause });
}
