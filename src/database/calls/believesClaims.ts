import type { Queryable } from "./queryable.ts";

/** The login of a connection, and whether what it says of its callers counts. */
export interface ServerLogin {
  readonly login: string;
  readonly isBelieved: boolean;
}

/** Asks whether Postgres believes this login when it says for which role and tenant it acts. */
export async function readServerLogin(db: Queryable): Promise<ServerLogin> {
  const { rows } = await db.query<ServerLogin>(
    `select session_user::text as login, ratchet_private.believes_claims() as "isBelieved"`,
  );
  const [login = { login: "", isBelieved: false }] = rows;
  return login;
}
