import "postgraphile";
import { type SQL, sql } from "postgraphile/pg-sql2";
import { EXPOSED_FUNCTIONS, EXPOSED_RELATIONS } from "./exposure.ts";

/**
 * Calls functions over a row with a row of its readable columns alone. `f(jobs)` needs the right to read every column, which
 * viewers do not have; `f(row(jobs.id, …, null)::jobs)` does not.
 */
export const RowArgumentPlugin: GraphileConfig.Plugin = {
  name: "RatchetRowArgumentPlugin",
  version: "1.0.0",
  gather: {
    hooks: {
      pgProcedures_PgResourceOptions(_info, { pgProc, resourceOptions }) {
        const relation = Object.keys(EXPOSED_RELATIONS).find((name) => pgProc.proname.startsWith(`${name}_`));
        const hidden = relation === undefined ? [] : (EXPOSED_RELATIONS[relation]?.byFunction ?? []);
        const rowClass = pgProc.getArguments()[0]?.type.getClass();
        if (EXPOSED_FUNCTIONS[pgProc.proname] === undefined || hidden.length === 0 || rowClass === undefined) {
          return;
        }
        const columns = rowClass
          .getAttributes()
          .filter(({ attnum, attisdropped }) => attnum > 0 && attisdropped !== true)
          .map(({ attname }) => attname);
        const schema = pgProc.getNamespace()?.nspname ?? "";
        const rowType = sql.identifier(schema, rowClass.relname);
        const called = sql.identifier(schema, pgProc.proname);
        resourceOptions.from = (...parameters) => {
          const row = parameters[0]?.placeholder ?? sql.null;
          return sql`${called}(${isName(row) ? readableRow(row, columns, hidden, rowType) : row})`;
        };
      },
    },
  },
};

function readableRow(row: SQL, columns: readonly string[], hidden: readonly string[], rowType: SQL): SQL {
  const values = columns.map((column) => (hidden.includes(column) ? sql.null : sql`${row}.${sql.identifier(column)}`));
  return sql`row(${sql.join(values, ", ")})::${rowType}`;
}

/** Whether this is the name of a table in the statement; a row that comes as a parameter has been read before. */
function isName(row: SQL): boolean {
  return /^"?\w+"?$/v.test(sql.compile(row).text);
}
