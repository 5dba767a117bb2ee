import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { countOf } from "../view/counts.ts";

const OPEN_DEPTH = 1;
const SHOWN_ENTRIES = 50;
const MORE_ENTRIES = 500;
const SHOWN_LETTERS = 1000;

/** What {@link Json} takes. */
export interface JsonProps {
  readonly value: unknown;
  readonly name?: string;
  readonly depth?: number;
}

/** A JSON value that folds; deep and long ones are closed at first, and what is closed costs nothing. */
export function Json({ value, name, depth = 0 }: JsonProps): JSX.Element {
  const label = name === undefined ? null : <bdi class="key">{name}: </bdi>;
  if (typeof value !== "object" || value === null) {
    return (
      <div class="json-line">
        {label}
        <Scalar value={value} />
      </div>
    );
  }
  const entries = Object.entries(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) {
    return (
      <div class="json-line">
        {label}
        {open}
        {close}
      </div>
    );
  }
  const noun = Array.isArray(value) ? "item" : "field";
  return (
    <Folded entries={entries} depth={depth}>
      {label}
      <span class="muted">
        {open} {countOf(entries.length, noun)} {close}
      </span>
    </Folded>
  );
}

function Folded({
  entries,
  depth,
  children,
}: {
  readonly entries: readonly [string, unknown][];
  readonly depth: number;
  readonly children: (JSX.Element | null)[];
}): JSX.Element {
  const [isOpen, setOpen] = useState(depth < OPEN_DEPTH);
  const [shown, setShown] = useState(SHOWN_ENTRIES);
  return (
    <details
      class="json"
      open={isOpen}
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
    >
      <summary>{children}</summary>
      {isOpen && (
        <div class="json-entries">
          {entries.slice(0, shown).map(([key, each]) => (
            <Json key={key} name={key} value={each} depth={depth + 1} />
          ))}
          {entries.length > shown && (
            <button
              type="button"
              class="link"
              onClick={() => {
                setShown(shown + MORE_ENTRIES);
              }}
            >
              {(entries.length - shown).toLocaleString()} more
            </button>
          )}
        </div>
      )}
    </details>
  );
}

function Scalar({ value }: { readonly value: unknown }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const text = JSON.stringify(value) ?? "null";
  const isCut = !isWhole && text.length > SHOWN_LETTERS;
  return (
    <>
      <bdi class={`json-${value === null ? "null" : typeof value}`}>{isCut ? text.slice(0, SHOWN_LETTERS) : text}</bdi>
      {isCut && (
        <button
          type="button"
          class="link"
          onClick={() => {
            setWhole(true);
          }}
        >
          … {(text.length - SHOWN_LETTERS).toLocaleString()} more characters
        </button>
      )}
    </>
  );
}
