import { createHash } from "node:crypto";

const LONGEST_TENANT_BYTES = 40;

/** The channel on which changes of a tenant's jobs are announced; `ratchet_private.announcement_channel` in TypeScript. */
export function announcementChannel(tenant: string): string {
  const isShort = Buffer.byteLength(tenant) <= LONGEST_TENANT_BYTES;
  return `ratchet:${isShort ? tenant : createHash("md5").update(tenant).digest("hex")}`;
}
