import type { JSX } from "preact";

import type { PayloadIssue } from "../api/apiError.ts";
import { type FormField, typedOf, withField } from "../view/payloadForm.ts";

/** What {@link PayloadFields} takes. */
export interface PayloadFieldsProps {
  readonly fields: readonly FormField[];
  readonly payload: Readonly<Record<string, unknown>>;
  /** What the server has said of the payload. */
  readonly issues: readonly PayloadIssue[];
  readonly onPayload: (payload: Record<string, unknown>) => void;
}

/** A form for a payload. */
export function PayloadFields({ fields, payload, issues, onPayload }: PayloadFieldsProps): JSX.Element {
  return (
    <>
      {fields.map((field) => (
        <div key={field.name} class="form-field">
          <label>
            {field.label} {!field.isRequired && <span class="muted">(may be left out)</span>}
            {field.kind === "list" && <span class="muted"> one a line</span>}
            <Field
              field={field}
              value={payload[field.name]}
              onTyped={(typed) => {
                onPayload(withField(payload, field, typed));
              }}
            />
          </label>
          {field.hint !== null && <p class="muted">{field.hint}</p>}
          {issues
            .filter(
              ({ path }) =>
                path === field.name || path.startsWith(`${field.name}[`) || path.startsWith(`${field.name}.`),
            )
            .map(({ path, message }) => (
              <p key={`${path} ${message}`} class="problem">
                {path} {message}
              </p>
            ))}
        </div>
      ))}
    </>
  );
}

interface FieldProps {
  readonly field: FormField;
  readonly value: unknown;
  readonly onTyped: (typed: string | boolean) => void;
}

function Field({ field, value, onTyped }: FieldProps): JSX.Element {
  const required = field.isRequired;
  switch (field.kind) {
    case "boolean":
      return (
        <input
          type="checkbox"
          checked={value === true}
          onChange={({ currentTarget }) => {
            onTyped(currentTarget.checked);
          }}
        />
      );
    case "choice":
      return (
        <select
          required={required}
          value={typedOf(value)}
          onChange={({ currentTarget }) => {
            onTyped(currentTarget.value);
          }}
        >
          <option value="" />
          {field.choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      );
    case "list":
      // As it was typed: a line that is not finished is no entry yet.
      return (
        <textarea
          required={required}
          rows={4}
          defaultValue={typedOf(value)}
          onInput={({ currentTarget }) => {
            onTyped(currentTarget.value);
          }}
        />
      );
    case "number":
    case "integer":
      return (
        <input
          type="number"
          step={field.kind === "integer" ? 1 : "any"}
          required={required}
          value={typedOf(value)}
          onInput={({ currentTarget }) => {
            onTyped(currentTarget.value);
          }}
        />
      );
    case "text":
      return (
        <input
          required={required}
          autocomplete="off"
          value={typedOf(value)}
          onInput={({ currentTarget }) => {
            onTyped(currentTarget.value);
          }}
        />
      );
  }
}
