import "postgraphile";
import type { PgSelectQueryBuilder } from "postgraphile/@dataplan/pg";
import type { GraphQLEnumValueConfig } from "postgraphile/graphql";
import { RatchetError } from "../errors/ratchetError.ts";
import { type GivenFilter, filterOf, operators, saysWhetherFinal } from "./jobSearch.ts";

type Apply = (query: PgSelectQueryBuilder, info: unknown) => void;

interface Order {
  readonly description: string;
  readonly isServed: (filter: GivenFilter) => boolean;
  readonly demand: string;
}

const ENDED: Omit<Order, "description"> = {
  isServed: (filter) =>
    saysWhetherFinal(filter) === true && typeof operators(filter["identifier"])["equalTo"] === "string",
  demand: "isFinal: true and identifier: { equalTo: … }",
};
const UNFINISHED: Omit<Order, "description"> = {
  isServed: (filter) => saysWhetherFinal(filter) === false,
  demand: "isFinal: false",
};

/** What the filter beside an order must hold, so that an index serves it. */
const ORDERS: Readonly<Record<string, Order>> = {
  FINISHED_AT: {
    ...ENDED,
    description: "By their end, of one definition: the filter needs isFinal: true and identifier: { equalTo: … }.",
  },
  NEXT_ATTEMPT_AT: {
    ...UNFINISHED,
    description: "By the time of the next try, among unfinished jobs: the filter needs isFinal: false.",
  },
  RUN_AT: {
    ...UNFINISHED,
    description: "By the time before which they are not run, among unfinished jobs: the filter needs isFinal: false.",
  },
};

/** Documents the orders of jobs besides that by id, and refuses each one where the filter leaves more than an index serves. */
export const JobOrderPlugin: GraphileConfig.Plugin = {
  name: "RatchetJobOrderPlugin",
  version: "1.0.0",
  after: ["PgOrderAllAttributesPlugin", "PgOrderByPrimaryKeyPlugin"],
  schema: {
    hooks: {
      GraphQLEnumType_values(values, _build, { scope: { isPgRowSortEnum, pgCodec } }) {
        if (isPgRowSortEnum !== true || pgCodec?.extensions?.pg?.name !== "jobs") {
          return values;
        }
        return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, conditional(name, value)]));
      },
    },
  },
};

/** A value of the orders that looks at the filter first, if it is one with a condition. */
function conditional(name: string, value: GraphQLEnumValueConfig): GraphQLEnumValueConfig {
  const order = ORDERS[name.replace(/_(?:ASC|DESC)$/v, "")];
  const { grafast } = (value.extensions ?? {}) as { readonly grafast?: { readonly apply?: Apply } };
  const apply = grafast?.apply;
  if (order === undefined || apply === undefined) {
    return value;
  }
  const checked: Apply = (query, info) => {
    if (!order.isServed(filterOf(query))) {
      throw refusal(name, order.demand);
    }
    apply(query, info);
  };
  return {
    ...value,
    description: order.description,
    extensions: { ...value.extensions, grafast: { ...grafast, apply: checked } },
  };
}

function refusal(name: string, demand: string): RatchetError {
  return new RatchetError("RT006", `Jobs can be ordered by ${name} only with a filter that says ${demand}.`, {
    hint: "Say so in the filter, outside of and, or and not; or order by ID_DESC. Without it every job would be read and sorted.",
  });
}
