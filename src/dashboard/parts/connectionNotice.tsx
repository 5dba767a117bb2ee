import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { lostSince } from "../api/client.ts";
import { useConnection } from "../api/hooks.ts";

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
/** A connection that comes back at once is not worth a word. */
const PATIENCE_MS = 700;

/** Says from when what is shown is, while the connection is lost. */
export function ConnectionNotice(): JSX.Element {
  const connection = useConnection();
  const [isTold, setTold] = useState(false);
  useEffect(() => {
    if (connection !== "lost") {
      setTold(false);
      return;
    }
    const timer = setTimeout(() => {
      setTold(true);
    }, PATIENCE_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [connection]);
  const since = lostSince();
  return (
    <div role="status" class="connection">
      {isTold && connection === "lost" && (
        <div class="notice">
          The connection to the server is lost{since === null ? "" : `: this is what was at ${TIME.format(since)}`}. It
          is tried again all the time, and the page goes on by itself.
        </div>
      )}
    </div>
  );
}
