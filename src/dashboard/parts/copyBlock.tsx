import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";

import { copyText } from "../view/copyText.ts";

/** A text to take along. */
export function CopyBlock({ title, text }: { readonly title: string; readonly text: string }): JSX.Element {
  const [outcome, setOutcome] = useState("Copy");
  const block = useRef<HTMLPreElement>(null);
  async function copy(): Promise<void> {
    if (await copyText(text)) {
      setOutcome("Copied");
    } else {
      if (block.current !== null) {
        getSelection()?.selectAllChildren(block.current);
      }
      setOutcome("Selected: copy with Ctrl+C");
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
          {outcome}
        </button>
      </figcaption>
      {/* Scrolls sideways, so the keyboard has to reach it. */}
      <pre ref={block} tabIndex={0}>
        {text}
      </pre>
    </figure>
  );
}
