import type { JSX } from "preact";
import { useState } from "preact/hooks";

/** A text to take along. */
export function CopyBlock({ title, text }: { readonly title: string; readonly text: string }): JSX.Element {
  const [isCopied, setCopied] = useState(false);
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Browsers give the clipboard to https and localhost only; the text can be selected.
      setCopied(false);
    }
  }
  return (
    <figure class="copy">
      <figcaption>
        {title}
        <button
          type="button"
          class="small"
          onClick={() => {
            void copy();
          }}
        >
          {isCopied ? "Copied" : "Copy"}
        </button>
      </figcaption>
      {/* Scrolls sideways, so the keyboard has to reach it. */}
      <pre tabIndex={0}>{text}</pre>
    </figure>
  );
}
