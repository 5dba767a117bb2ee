import { test } from "vitest";
import { useSql } from "./fixtures.ts";
const sql = useSql();
test("many keys", async () => {
  for (const n of [1000, 4000, 10000])
    for (const round of [1, 2]) {
      const specs = Array.from({ length: n }, (_, i) => ({ identifier: "single", job_key: `n${n} ${i}` }));
      const t = Date.now();
      await sql.rows("select from ratchet.add_jobs($1)", [JSON.stringify(specs)]);
      console.log(n, round, Date.now() - t, "ms");
    }
}, 120_000);
