import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";

import { jsonProblem } from "../view/jsonText.ts";
import { type Shape, typedOf, valueOf } from "../view/payloadForm.ts";

/** What {@link PayloadField} takes. */
export interface PayloadFieldProps {
  readonly shape: Shape;
  readonly value: unknown;
  readonly isRequired: boolean;
  readonly isDisabled: boolean;
  readonly isInvalid: boolean;
  /** Undefined takes the value out. */
  readonly onValue: (value: unknown) => void;
}

/** One field to type or choose a value in. */
export function PayloadField({
  shape,
  value,
  isRequired,
  isDisabled,
  isInvalid,
  onValue,
}: PayloadFieldProps): JSX.Element {
  const shared = { required: isRequired, disabled: isDisabled, "aria-invalid": isInvalid };
  if (shape.kind === "boolean") {
    return (
      <select
        {...shared}
        value={value === undefined || value === null ? "" : JSON.stringify(value)}
        onChange={({ currentTarget }) => {
          onValue({ true: true, false: false }[currentTarget.value]);
        }}
      >
        <option value="" />
        <option value="true">yes</option>
        <option value="false">no</option>
      </select>
    );
  }
  if (shape.kind === "choice") {
    return (
      <select
        {...shared}
        value={String(shape.choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(value)))}
        onChange={({ currentTarget }) => {
          onValue(currentTarget.value === "" ? undefined : shape.choices[Number(currentTarget.value)]);
        }}
      >
        <option value="" />
        {shape.choices.map((choice, index) => (
          <option key={JSON.stringify(choice)} value={String(index)}>
            {typeof choice === "string" ? choice : JSON.stringify(choice)}
          </option>
        ))}
      </select>
    );
  }
  return <Typed shape={shape} value={value} onValue={onValue} shared={shared} />;
}

function Typed({
  shape,
  value,
  onValue,
  shared,
}: Pick<PayloadFieldProps, "shape" | "value" | "onValue"> & {
  readonly shared: { readonly required: boolean; readonly disabled: boolean; readonly "aria-invalid": boolean };
}): JSX.Element {
  const problemId = useId();
  const text = value === null && shape.kind !== "json" ? "" : typedOf(shape, value);
  // As it was typed, as long as that means the value: "1." and a line that is not finished must not jump.
  const [draft, setDraft] = useState({ typed: text, text });
  const typed = draft.text === text ? draft.typed : text;
  const problem = problemOf(shape, typed);
  const field = {
    ...shared,
    "aria-invalid": shared["aria-invalid"] || problem !== null,
    "aria-describedby": problemId,
    value: typed,
    onInput: ({ currentTarget }: { readonly currentTarget: HTMLInputElement | HTMLTextAreaElement }) => {
      const now = currentTarget.value;
      const wrong = problemOf(shape, now);
      // Keeps the form from being sent.
      currentTarget.setCustomValidity(wrong ?? "");
      if (wrong === null) {
        const next = valueOf(shape, now);
        setDraft({ typed: now, text: typedOf(shape, next) });
        onValue(next);
      } else {
        setDraft({ typed: now, text });
      }
    },
  };
  return (
    <>
      {shape.kind === "lines" || shape.kind === "json" ? (
        <textarea {...field} rows={4} spellcheck={shape.kind === "lines"} />
      ) : (
        <input {...field} autocomplete="off" inputMode={shape.kind === "text" ? "text" : "decimal"} />
      )}
      <span class="problem" id={problemId}>
        {problem ?? ""}
      </span>
    </>
  );
}

function problemOf({ kind }: Shape, typed: string): string | null {
  if (typed === "") {
    return null;
  }
  if (kind === "number" || kind === "integer") {
    return numberProblem(typed.trim());
  }
  return kind === "json" ? jsonProblem(typed) : null;
}

function numberProblem(typed: string): string | null {
  return typed === "" || !Number.isFinite(Number(typed)) ? "This is no number yet." : jsonProblem(typed);
}
