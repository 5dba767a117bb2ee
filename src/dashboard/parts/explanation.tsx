import type { JSX } from "preact";

import { Link } from "../view/link.tsx";

/** Why a job is where it is, in the words of `ratchet.explain_job`; jobs that it names are links. */
export function Explanation({ text, ofJob }: { readonly text: string; readonly ofJob?: string }): JSX.Element {
  const parts = text.split(/\b(?<name>[Jj]ob \d+)\b/v);
  return (
    <>
      {parts.map((part, index) => {
        const id = part.slice("job ".length);
        return index % 2 === 0 || id === ofJob ? (
          part
        ) : (
          <Link key={index} to={`/jobs/${id}`}>
            {part}
          </Link>
        );
      })}
    </>
  );
}
