import type { ComponentChildren, JSX } from "preact";

import { goTo } from "./location.ts";

/** What {@link Link} takes. */
export interface LinkProps {
  readonly to: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly "aria-current"?: "page" | "true" | undefined;
}

/** A link to a page of the dashboard; a new tab or window works as with every link. */
export function Link({ to, children, ...rest }: LinkProps): JSX.Element {
  function follow(event: MouseEvent): void {
    if (event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      goTo(to);
    }
  }
  return (
    <a {...rest} href={to} onClick={follow}>
      {children}
    </a>
  );
}
