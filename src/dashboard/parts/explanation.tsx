import type { JSX } from "preact";

import { Link } from "../view/link.tsx";

/** Marks that turn the direction of what follows: names and errors may hold some, and they must not turn the whole sentence. */
const TURNS = /[\u202A-\u202E\u2066-\u2069]/gv;

/** Why a job is where it is, in the words of `ratchet.explain_job`; jobs that it names are links. */
export function Explanation({ text, ofJob }: { readonly text: string; readonly ofJob?: string }): JSX.Element {
  const parts = text.replaceAll(TURNS, "").split(/\b(?<name>[Jj]ob \d+)\b/v);
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
