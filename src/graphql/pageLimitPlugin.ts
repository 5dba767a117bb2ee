import "postgraphile";
import { type Step, lambda } from "postgraphile/grafast";
import { RatchetError } from "../errors/ratchetError.ts";
import { LIMITS } from "./limits.ts";

type Rows = number | null | undefined;

/** A connection as far as this plugin is concerned. */
interface Pages {
  setFirst(first: Step): void;
  setLast(last: Step): void;
}

/** Gives every list a size when the query names none, and refuses a larger one, wherever the number comes from. */
export const PageLimitPlugin: GraphileConfig.Plugin = {
  name: "RatchetPageLimitPlugin",
  version: "1.0.0",
  after: ["PgFirstLastBeforeAfterArgsPlugin"],
  schema: {
    hooks: {
      GraphQLObjectType_fields_field_args_arg(argument, build, { scope: { isPgFieldConnection, argName } }) {
        if (isPgFieldConnection !== true || (argName !== "first" && argName !== "last")) {
          return argument;
        }
        const description = build.wrapDescription(
          argName === "first"
            ? `Only the first rows, at most ${LIMITS.rowsOfList}; that many if neither first nor last is given.`
            : `Only the last rows, at most ${LIMITS.rowsOfList}.`,
          "arg",
        );
        // Both are set by the field's plan below, because the size of one depends on whether there is the other.
        const { applyPlan: _applied, ...rest } = argument;
        return { ...rest, description };
      },
      GraphQLObjectType_fields_field(field, _build, { scope: { isPgFieldConnection, fieldName } }) {
        const { plan } = field;
        if (isPgFieldConnection !== true || plan === undefined) {
          return field;
        }
        return {
          ...field,
          plan: (parent, fieldArguments, info) => {
            const connection = plan(parent, fieldArguments, info) as Pages & Step;
            const first = fieldArguments.getRaw("first") as Step<Rows>;
            const last = fieldArguments.getRaw("last") as Step<Rows>;
            connection.setFirst(
              lambda([first, last], ([wanted, fromTheEnd]) => rowsAtFirst(fieldName, wanted, fromTheEnd)),
            );
            connection.setLast(lambda(last, (wanted) => checked(fieldName, "last", wanted)));
            return connection;
          },
        };
      },
    },
  },
};

function rowsAtFirst(field: string, first: Rows, last: Rows): Rows {
  return typeof first !== "number" && typeof last !== "number" ? LIMITS.rowsOfList : checked(field, "first", first);
}

function checked(field: string, argument: string, rows: Rows): Rows {
  if (typeof rows === "number" && (rows < 0 || rows > LIMITS.rowsOfList)) {
    throw new RatchetError("RT132", `${field}(${argument}: ${rows}) is not from 0 to ${LIMITS.rowsOfList}.`, {
      hint: `Ask for at most ${LIMITS.rowsOfList} rows and for the next ones with after: pageInfo.endCursor.`,
    });
  }
  return rows;
}
