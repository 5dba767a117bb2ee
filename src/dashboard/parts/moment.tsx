import type { JSX } from "preact";

import { useNow } from "../view/clock.ts";
import { distanceText } from "../view/durations.ts";

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A moment in the viewer's zone; in UTC, to the millisecond, on hover. */
function exactTitle(at: string): string {
  return `${new Date(at).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

/** How long ago, or in how long; counts by itself. */
export function Ago({ at }: { readonly at: string }): JSX.Element {
  const now = useNow();
  return (
    <time dateTime={at} title={`${LOCAL.format(new Date(at))}\n${exactTitle(at)}`}>
      {distanceText(Date.parse(at), now)}
    </time>
  );
}

/** When the next try is, or was due. */
export function NextTry({ at }: { readonly at: string }): JSX.Element {
  const isDue = Date.parse(at) < useNow();
  return (
    <>
      next try {isDue && "was due "}
      <Ago at={at} />
    </>
  );
}

/** Date and time in the viewer's zone. */
export function Moment({ at }: { readonly at: string }): JSX.Element {
  return (
    <time dateTime={at} title={exactTitle(at)}>
      {LOCAL.format(new Date(at))}
    </time>
  );
}
