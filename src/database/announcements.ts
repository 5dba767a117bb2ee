import { createHash } from "node:crypto";
import type { SchemaNames } from "./schemaNames.ts";

const LONGEST_CHANNEL_BYTES = 63;

/**
 * The channel on which changes of a tenant's jobs are announced, or with null those of all tenants': the rule of
 * `ratchet_private.announcement_channel`, which a service's role may not call.
 */
export function channelOf(tenant: string | null, { ratchet }: SchemaNames): string {
  const channel = `${ratchet}:${tenant ?? ""}`;
  return Buffer.byteLength(channel) <= LONGEST_CHANNEL_BYTES
    ? channel
    : `#${createHash("md5").update(channel).digest("hex")}`;
}

/** The jobs of an announcement, `{"jobs": ["1", "2"]}` or `{"many": true}`; `null` for any. */
export function announcedJobs(announcement: string): readonly string[] | null {
  try {
    const { jobs } = JSON.parse(announcement) as { readonly jobs?: unknown };
    return Array.isArray(jobs) ? jobs.map(String) : null;
  } catch {
    return null;
  }
}
