import "postgraphile";
import type { PgConditionCapableParent } from "postgraphile/@dataplan/pg";
import type { FieldArg } from "postgraphile/grafast";

type Condition = Pick<PgConditionCapableParent, "alias" | "where">;
/** The operators that a filter gives for one column. */
type Operators = Readonly<Record<string, unknown>>;
/** What a query gives as the filter of a list of jobs. */
export type GivenFilter = Readonly<Record<string, Operators | boolean | undefined>>;

/** Statuses of jobs that are never final: the CHECK `jobs_finished_at_exactly_when_final`. */
export const UNFINISHED_STATUSES: ReadonlySet<unknown> = new Set(["PENDING", "RUNNING", "WAITING"]);

/** What a filter as a whole holds, by the condition that is made of it and by its query: its fields see only their own values. */
const givenFilters = new WeakMap<object, GivenFilter>();

/** The argument `filter` of a list of jobs, so that {@link searchCondition} knows what else it holds. */
export function noting(given: FieldArg): FieldArg {
  const apply: FieldArg["apply"] = (target, applyOne) => {
    given.apply(target, (parent: never, value: unknown) => {
      if (typeof value === "object" && value !== null) {
        givenFilters.set(parent, value as GivenFilter);
      }
      const condition: unknown = typeof applyOne === "function" ? applyOne(parent, value) : undefined;
      if (typeof condition === "object" && condition !== null) {
        givenFilters.set(condition, value as GivenFilter);
      }
      return condition as never;
    });
  };
  return Object.create(given, { apply: { value: apply } }) as FieldArg;
}

/** The filter of a condition or a query as a whole, as far as it is known. */
export function filterOf(parent: object): GivenFilter {
  return givenFilters.get(parent) ?? {};
}

/** Leaves the jobs with a text among the newest that what stands beside `search` leaves. */
export function searchCondition(
  { sql, dataplanPg }: GraphileBuild.Build,
  schema: string,
  condition: Condition,
  text: unknown,
): void {
  const { sqlValueWithCodec, TYPES } = dataplanPg;
  const jobsWithText = sql.identifier(`${schema}_private`, "jobs_with_text");
  const beside = sqlValueWithCodec(narrowingOf(filterOf(condition)), TYPES.jsonb);
  // In a select of its own, so that it is called once and not for each row.
  condition.where(
    sql`${condition.alias}.${sql.identifier("id")} = any ((select ${jobsWithText}(${sqlValueWithCodec(text, TYPES.text)}, ${beside}))::bigint[])`,
  );
}

/** A `ratchet_private.job_filter` that leaves at least the jobs that the filter leaves. */
function narrowingOf(filter: GivenFilter): object {
  const { identifier, status, tenant, createdAt, finishedAt } = filter;
  const statuses = statusesOf(status);
  return {
    identifier: operators(identifier)["equalTo"],
    status: statuses.length > 0 ? statuses : undefined,
    is_final: saysWhetherFinal(filter),
    tenant: operators(tenant)["equalTo"],
    created_after: beginningOf(createdAt),
    created_before: operators(createdAt)["lessThan"],
    finished_after: beginningOf(finishedAt),
    finished_before: operators(finishedAt)["lessThan"],
  };
}

/** Whether a filter leaves ended jobs alone (true), or unfinished ones; undefined if it does not say so by itself. */
export function saysWhetherFinal({ isFinal, finishedAt, status }: GivenFilter): boolean | undefined {
  const { isNull } = operators(finishedAt);
  if (typeof isFinal === "boolean" || typeof isNull === "boolean") {
    return typeof isFinal === "boolean" ? isFinal : isNull !== true;
  }
  const statuses = statusesOf(status);
  return statuses.length > 0 && statuses.every((each) => UNFINISHED_STATUSES.has(each)) ? false : undefined;
}

function statusesOf(status: unknown): readonly unknown[] {
  const { equalTo, in: oneOf } = operators(status);
  if (Array.isArray(oneOf)) {
    return oneOf;
  }
  return equalTo === undefined ? [] : [equalTo];
}

function beginningOf(time: unknown): unknown {
  return operators(time)["greaterThanOrEqualTo"] ?? operators(time)["greaterThan"];
}

/** What a filter says of a column; nothing where it says nothing. */
export function operators(value: unknown): Operators {
  return typeof value === "object" && value !== null ? (value as Operators) : {};
}
