import type { JSX } from "preact";

import type { JobDetail } from "../pages/jobPage.tsx";
import { Ago } from "./moment.tsx";

/** Who ordered what about a job, and why. */
export function Audit({ entries }: { readonly entries: JobDetail["auditEntries"]["nodes"] }): JSX.Element {
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.id}>
              <td>
                <Ago at={entry.at} />
              </td>
              <td>{entry.actor}</td>
              <td>
                {worded(entry.action)}
                <div class="muted">{detailText(entry.detail)}</div>
              </td>
              <td>{entry.reason ?? ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function worded(name: string): string {
  return name.replaceAll("_", " ");
}

/** `task: image_1 · task status: FAILED`. */
function detailText(detail: unknown): string {
  return Object.entries(detail ?? {})
    .map(([name, value]) => `${worded(name)}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" · ");
}
