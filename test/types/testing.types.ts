// Compiled by `npm run types`, never run: keys, stand-ins and results are typed by the definition.
import { z } from "zod";
import { type AnyJobDefinition, type TransactionClient, defineJob } from "../../src/index.ts";
import { type TaskKeyOf, createTestBench, testJob } from "../../src/testing/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles exactly if both types are the same. */
function same<A, B>(_proof: Same<A, B>): void {}

const publish = defineJob({
  payload: z.object({ images: z.array(z.string()), sizes: z.array(z.any()), copies: z.number().default(1) }),
})
  .task("validate", () => ({ at: new Date(), tags: ["a"] }))
  .forEach("upload", "images", ({ input }) => ({ url: input }))
  .forEach("resize", "sizes", () => 1)
  .task("note", { transaction: true }, async ({ client }) => {
    await client.query("select 1");
  });

same<TaskKeyOf<typeof publish>, "validate" | "upload" | `upload[${number}]` | "resize" | `resize[${number}]` | "note">(
  true,
);
same<TaskKeyOf<AnyJobDefinition>, string>(true);

export async function checkTypes(): Promise<void> {
  const job = await testJob(
    publish,
    { images: ["a"], sizes: [] },
    {
      failOnce: ["upload[2]", "upload", "validate"],
      fail: { "upload[1]": 2, note: new Error("no") },
      handlers: {
        validate: () => ({ at: "2026-01-01", tags: [] }),
        upload: ({ input, payload, results }) => {
          same<typeof input, string>(true);
          same<typeof payload.copies, number>(true);
          void results.validate;
          return { url: input };
        },
        note: ({ client }) => {
          same<typeof client, TransactionClient | undefined>(true);
        },
      },
      inspect: async (client) => (await client.query<{ n: number }>("select 1 as n")).rows,
    },
  );
  same<typeof job.inspected, { n: number }[]>(true);
  same<typeof job.results.upload, { url: string }[] | undefined>(true);
  same<typeof job.results.validate, { at: string; tags: string[] } | undefined>(true);
  same<NonNullable<typeof job.payload>["copies"], number>(true);

  // @ts-expect-error -- A task that stands alone has no number.
  await testJob(publish, { images: [], sizes: [] }, { failOnce: ["validate[1]"] });
  // @ts-expect-error -- No such task.
  await testJob(publish, { images: [], sizes: [] }, { fail: { uplaod: 1 } });
  // @ts-expect-error -- The payload is typed.
  await testJob(publish, { images: 1, sizes: [] });
  // @ts-expect-error -- What stands in returns what the handler would.
  await testJob(publish, { images: [], sizes: [] }, { handlers: { upload: () => ({ link: "x" }) } });

  const bench = await createTestBench({ definitions: { publish } });
  const added = await bench.add("publish", { images: [], sizes: [] }, { crashAfter: ["upload[1]"] });
  const finished = await bench.finish(added);
  same<typeof finished.results.upload, { url: string }[] | undefined>(true);
  // @ts-expect-error -- No such definition.
  await bench.add("publsih", {});
  // @ts-expect-error -- Durations are typed.
  await bench.advance("30 sec");
}
