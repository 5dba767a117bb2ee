import "postgraphile";
import type { PgResource } from "postgraphile/@dataplan/pg";
import { type GrafastSubscriber, type Step, connection, constant, context, lambda, listen } from "postgraphile/grafast";
import type { ExecutionResult } from "postgraphile/graphql";
import { RatchetError } from "../../errors/ratchetError.ts";
import type { JobNews } from "./jobNews.ts";
import { createSnapshots } from "./snapshots.ts";
import { createTurns } from "../turns.ts";

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- Grafast's types are extended like this.
  namespace Grafast {
    interface Context {
      /** Where a subscription's field gets its events from. */
      readonly ratchetSnapshots?: GrafastSubscriber<Record<string, null>>;
    }
  }
}

/** What {@link createSubscriptionPlugin} takes. */
export interface SubscriptionOptions {
  readonly news: JobNews;
  /** How many snapshots are made at once at most, so that connections are left for queries. */
  readonly mostReadsAtOnce: number;
  /** How long after a snapshot the next one is made although nothing was heard, in ms. Default 10,000. */
  readonly rereadMs?: number | undefined;
}

const DEFAULT_REREAD_MS = 10_000;
/** As a topic: any job. No id is written like this. */
const ANY_JOB = "*";

/** Adds `jobChanged` and `jobsChanged`: the current state first, and a snapshot after each change. */
export function createSubscriptionPlugin({
  news,
  mostReadsAtOnce,
  rereadMs = DEFAULT_REREAD_MS,
}: SubscriptionOptions): GraphileConfig.Plugin {
  const turns = createTurns(mostReadsAtOnce, Math.max(1, mostReadsAtOnce - 1));
  return {
    name: "RatchetSubscriptionPlugin",
    version: "1.0.0",
    schema: {
      hooks: {
        GraphQLObjectType_fields(fields, build, { scope: { isRootSubscription }, fieldWithHooks }) {
          const jobs = Object.values(build.pgResources).find(isJobs);
          if (isRootSubscription !== true || jobs === undefined) {
            return fields;
          }
          const job = build.getOutputTypeByName(build.inflection.tableType(jobs.codec));
          const list = build.getOutputTypeByName(build.inflection.tableConnectionType(jobs.codec));
          const id = build.getInputTypeByName("BigInt");
          const { GraphQLNonNull } = build.graphql;
          return build.extend(
            fields,
            {
              jobChanged: fieldWithHooks(
                { fieldName: "jobChanged", isPgRowByUniqueConstraintField: true, pgFieldResource: jobs },
                () => ({
                  description:
                    "One job: as it is now, and again after each change. Changes in quick succession come as one; the last one always comes. Null if there is no such job, or none that the caller may see.",
                  type: job,
                  args: { id: { type: new GraphQLNonNull(id) } },
                  subscribePlan: (_root, jobArguments) => eventsOf(jobArguments.getRaw("id") as Step<string>),
                  plan: (_event, jobArguments) => jobs.get({ id: jobArguments.getRaw("id") }),
                }),
              ),
              jobsChanged: fieldWithHooks(
                { fieldName: "jobsChanged", isPgFieldConnection: true, pgFieldResource: jobs },
                () => ({
                  description:
                    "A list of jobs: as it is now, and again after each change of a job in it or about to be in it. Changes in quick succession come as one; the last one always comes.",
                  type: list,
                  subscribePlan: () => eventsOf(constant(ANY_JOB)),
                  plan: () => connection(jobs.find()),
                }),
              ),
            },
            "Adding subscriptions of jobs",
          );
        },
      },
    },
    grafast: {
      middleware: {
        async subscribe(proceed, { args }) {
          const contextValue = args.contextValue as Partial<Grafast.Context>;
          const tenant = contextValue.ratchetIdentity?.tenant ?? null;
          const snapshots = createSnapshots({ news, turns, rereadMs, tenant });
          const subscriber: Subscriber = {
            subscribe: (topic) => snapshots.subscribe(topic === ANY_JOB ? null : topic),
          };
          Reflect.set(contextValue, "ratchetSnapshots", subscriber);
          try {
            const results = await proceed();
            if (Symbol.asyncIterator in results) {
              return snapshots.deliver(results as AsyncGenerator<ExecutionResult, void, void>);
            }
            snapshots.stop();
            return results;
          } catch (error) {
            snapshots.stop();
            throw error;
          }
        },
      },
    },
  };
}

type Subscriber = GrafastSubscriber<Record<string, null>>;

function eventsOf($topic: Step<string>): Step {
  return listen<Record<string, null>, string, Step<null>>(lambda(context().get("ratchetSnapshots"), demand), $topic);
}

function demand(subscriber: Subscriber | undefined): Subscriber {
  if (subscriber === undefined) {
    throw new RatchetError("RT006", "A subscription cannot be answered by a request: it goes over a websocket.", {
      hint: "Connect to ws://…/graphql with the subprotocol graphql-transport-ws, for example with the package graphql-ws.",
    });
  }
  return subscriber;
}

function isJobs({ parameters, extensions, codec }: PgResource): boolean {
  return parameters === undefined && extensions?.pg?.name === "jobs" && codec.attributes?.["fence"] !== undefined;
}
