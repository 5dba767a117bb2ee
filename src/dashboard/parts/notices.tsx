import type { ComponentChildren, JSX } from "preact";

import type { ApiError } from "../api/apiError.ts";

/** Something went wrong: what, and what to do. */
export function ErrorNotice({ error }: { readonly error: ApiError }): JSX.Element {
  return (
    <div class="notice error" role="alert">
      <strong>
        {error.code === null ? "" : `${error.code}: `}
        {error.message}
      </strong>
      {error.hint !== null && <p>{error.hint}</p>}
    </div>
  );
}

/** Nothing is here, and how something would be. */
export function Empty({
  title,
  isWholePage = false,
  children,
}: {
  readonly title: string;
  readonly isWholePage?: boolean;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      {isWholePage ? <h1>{title}</h1> : <p class="title">{title}</p>}
      {children}
    </div>
  );
}

/** The first answer is on its way; `children` say what is done for it. */
export function Waiting({ children = "Loading…" }: { readonly children?: string }): JSX.Element {
  return (
    <p class="loading" role="status">
      {children}
    </p>
  );
}
