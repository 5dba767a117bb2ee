import type pg from "pg";
import { readServerLogin } from "../database/calls/believesClaims.ts";
import { missingRoleCommands } from "../database/roles.ts";
import { RatchetError } from "../errors/ratchetError.ts";

/**
 * Refuses a login that cannot act for those who show tokens: nobody would see a thing.
 * @throws {RatchetError} RT103 with what a DBA has to run.
 */
export async function demandServerLogin(pool: pg.Pool): Promise<void> {
  const commands = await missingRoleCommands(pool);
  if (commands.length > 0) {
    throw new RatchetError("RT103", "The server's login cannot take the roles of those who ask.", {
      hint: `Let somebody who may run: ${commands.join(" ")} Then run ratchet migrate again.`,
    });
  }
  const { login, isBelieved } = await readServerLogin(pool);
  if (!isBelieved) {
    throw new RatchetError("RT103", `Postgres does not believe "${login}" for which tenant it acts.`, {
      hint: `Let the owner of Ratchet's tables run: select ratchet.allow_login('${login}', is_server => true);`,
    });
  }
}
