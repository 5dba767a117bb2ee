import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { inject } from "vitest";

const SQL = path.join(import.meta.dirname, "../../sql");

/** A copy of the package's `sql` with some files changed; a migration is new, and its change gets an empty text. */
export function nextRelease(files: Readonly<Record<string, (before: string) => string>>): string {
  const folder = mkdtempSync(path.join(inject("testRunFolder"), "sql-"));
  cpSync(SQL, folder, { recursive: true });
  for (const [name, change] of Object.entries(files)) {
    const file = path.join(folder, name);
    writeFileSync(file, change(name.startsWith("migrations/") ? "" : readFileSync(file, "utf8")));
  }
  return folder;
}

/** A file that reads differently and does the same. */
export const changed = (before: string): string => `${before}\n-- changed\n`;

/**
 * What a release may do while workers of the one before run: a column, a function that reads otherwise and does the same, and
 * one whose successor takes more, with the old one left for a release.
 */
export const EXPANDING_RELEASE: Parameters<typeof nextRelease>[0] = {
  "migrations/000002_note.sql": () => `
    alter table ratchet.jobs add column note text;
    alter table ratchet.tasks add column note text;
    create function ratchet_private.hand_back_noted(
      p_worker_id integer, p_job_ids bigint[], p_fences integer[], p_delay interval, p_note text
    ) returns integer language sql set search_path = ''
      as 'select ratchet_private.hand_back(p_worker_id, p_job_ids, p_fences, p_delay)';`,
  "schema/functions/ratchet_private.checkpoint.sql": changed,
  "schema/functions/ratchet.add_job.sql": changed,
  "schema/triggers/ratchet.jobs.sql": changed,
  "schema/triggers/ratchet.tasks.sql": changed,
  "schema/views/ratchet.job_overview.sql": changed,
};
