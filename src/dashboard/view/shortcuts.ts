import { useLayoutEffect } from "preact/hooks";

import { goTo } from "./location.ts";

/** A page that a letter goes to. */
export interface ShortcutPage {
  readonly path: string;
  readonly name: string;
  readonly letter: string;
}

/** How long after `g` the letter of a page counts. */
const SECOND_KEY_MS = 1500;

/**
 * Listens to the keyboard: `g` and a letter goes to a page, `/` to the search, `?` shows this. Keys that are typed into a field,
 * or while a question is open, are the field's.
 */
export function useShortcuts({
  pages,
  onHelp,
}: {
  readonly pages: readonly ShortcutPage[];
  readonly onHelp: () => void;
}): void {
  // With the page, not a frame later: who knows the keys is quicker than that.
  useLayoutEffect(() => {
    let wentAtMs = 0;
    function press(event: KeyboardEvent): void {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
        return;
      }
      const page = pages.find(({ letter }) => letter === event.key);
      if (page !== undefined && event.timeStamp - wentAtMs < SECOND_KEY_MS) {
        event.preventDefault();
        goTo(page.path);
      } else if (event.key === "/") {
        event.preventDefault();
        search();
      } else if (event.key === "?") {
        onHelp();
      }
      wentAtMs = event.key === "g" ? event.timeStamp : 0;
    }
    document.addEventListener("keydown", press);
    return () => {
      document.removeEventListener("keydown", press);
    };
  });
}

function isTyping(target: EventTarget | null): boolean {
  return (
    document.querySelector("dialog[open]") !== null ||
    (target instanceof HTMLElement && target.closest("input, textarea, select") !== null)
  );
}

function search(): void {
  document.querySelector<HTMLInputElement>('input[name="find"]')?.focus();
}
