import type { JSX } from "preact";
import { useState } from "preact/hooks";

const OPEN_DEPTH = 1;
const SHOWN_ENTRIES = 50;

/** A JSON value that folds; deep and long ones are closed at first. */
export function Json({
  value,
  name,
  depth = 0,
}: {
  readonly value: unknown;
  readonly name?: string;
  readonly depth?: number;
}): JSX.Element {
  const [shown, setShown] = useState(SHOWN_ENTRIES);
  const label = name === undefined ? null : <span class="key">{name}: </span>;
  if (typeof value !== "object" || value === null) {
    return (
      <div class="json-line">
        {label}
        <span class={`json-${value === null ? "null" : typeof value}`}>{JSON.stringify(value) ?? "null"}</span>
      </div>
    );
  }
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  const noun = isList ? "item" : "field";
  const size = `${entries.length} ${noun}${entries.length === 1 ? "" : "s"}`;
  if (entries.length === 0) {
    return (
      <div class="json-line">
        {label}
        {isList ? "[]" : "{}"}
      </div>
    );
  }
  return (
    <details class="json" open={depth < OPEN_DEPTH}>
      <summary>
        {label}
        <span class="muted">
          {isList ? "[" : "{"} {size} {isList ? "]" : "}"}
        </span>
      </summary>
      <div class="json-entries">
        {entries.slice(0, shown).map(([key, each]) => (
          <Json key={key} name={key} value={each} depth={depth + 1} />
        ))}
        {entries.length > shown && (
          <button
            type="button"
            class="link"
            onClick={() => {
              setShown(shown + 500);
            }}
          >
            {entries.length - shown} more
          </button>
        )}
      </div>
    </details>
  );
}
