/**
 * A process that uses an embedded Postgres: `node embeddedOwner.ts DATA_FOLDER PARENT_FOR_ROOT`. It prints
 * `{"url", "adopted"}` once ready, leaves in an orderly way when its input ends, and prints nothing more.
 */
import { once } from "node:events";

import { startEmbeddedPostgres } from "../../src/database/embedded/embeddedPostgres.ts";

const [dataFolder = "", parentForRoot = ""] = process.argv.slice(2);
const server = await startEmbeddedPostgres({ dataFolder, parentForRoot, settings: { fsync: "off" } });
process.stdout.write(`${JSON.stringify({ url: server.url, adopted: server.adopted })}\n`);
process.stdin.resume();
await once(process.stdin, "end");
await server.stop();
