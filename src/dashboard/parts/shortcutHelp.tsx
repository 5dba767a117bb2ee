import type { JSX } from "preact";

import type { ShortcutPage } from "../view/shortcuts.ts";
import { Dialog } from "./dialog.tsx";

/** What the keyboard can do. */
export function ShortcutHelp({
  pages,
  onClose,
}: {
  readonly pages: readonly ShortcutPage[];
  readonly onClose: () => void;
}): JSX.Element {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="facts">
        {pages.map(({ path, name, letter }) => (
          <div key={path}>
            <dt>
              <kbd>g</kbd> <kbd>{letter}</kbd>
            </dt>
            <dd>{name}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>Find a job by its number or a text</dd>
        </div>
        <div>
          <dt>
            <kbd>?</kbd>
          </dt>
          <dd>This list</dd>
        </div>
      </dl>
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
