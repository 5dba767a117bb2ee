import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";

const TYPING_PAUSE_MS = 300;

/** A field whose text counts once nobody has typed for a moment. */
export function Typed({
  name,
  label,
  value,
  choices,
  onTyped,
}: {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  /** Texts that are offered; any other can be typed. */
  readonly choices?: readonly string[];
  readonly onTyped: (text: string) => void;
}): JSX.Element {
  const [text, setText] = useState(value);
  // Before anybody can type: a later one would take that away again.
  useLayoutEffect(() => {
    setText(value);
  }, [value]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text !== value) {
        onTyped(text);
      }
    }, TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [text]);
  return (
    <label>
      {label}
      <input
        type="search"
        name={name}
        autocomplete="off"
        list={choices === undefined ? undefined : `${name}-choices`}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
        }}
      />
      {choices !== undefined && (
        <datalist id={`${name}-choices`}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
    </label>
  );
}
