import type { JSX } from "preact";

import type { PayloadIssue } from "../api/apiError.ts";
import { type FormField, type JsonObject, type Shape, startOf, withValue } from "../view/payloadForm.ts";
import { PayloadField } from "./payloadField.tsx";

/** What is known to be wrong, and where it may be said already. */
export interface Issues {
  readonly all: readonly PayloadIssue[];
  /** Whether something may be said of this place: not before it was filled in. */
  readonly isSaid: (path: string) => boolean;
  /** A place was left. */
  readonly onLeft: (path: string) => void;
}

/** What {@link PayloadFields} takes. */
export interface PayloadFieldsProps {
  readonly fields: readonly FormField[];
  readonly payload: JsonObject;
  /** Where the object stands in the payload; empty: it is the payload. */
  readonly path?: string;
  readonly issues: Issues;
  readonly onPayload: (payload: JsonObject) => void;
}

/** A form for an object of a payload. */
export function PayloadFields({ fields, payload, path = "", issues, onPayload }: PayloadFieldsProps): JSX.Element {
  return (
    <>
      {fields.map((field) => (
        <FieldRow
          key={field.name}
          field={field}
          value={payload[field.name]}
          path={path === "" ? field.name : `${path}.${field.name}`}
          issues={issues}
          onValue={(value) => {
            onPayload(withValue(payload, field.name, value));
          }}
        />
      ))}
    </>
  );
}

interface PlaceProps {
  readonly value: unknown;
  readonly path: string;
  readonly issues: Issues;
  /** No value takes it out. */
  readonly onValue: (value?: unknown) => void;
}

function FieldRow({ field, ...place }: PlaceProps & { readonly field: FormField }): JSX.Element {
  const { value, path, issues, onValue } = place;
  const { shape } = field;
  const isNested = shape.kind === "object" || shape.kind === "items";
  const isLeaf = shape.kind === "lines" || shape.kind === "json";
  const said = issues.all.filter(
    (issue) =>
      issues.isSaid(path) &&
      (issue.path === path || (isLeaf && /^[.\[]/v.test(issue.path.slice(path.length)) && issue.path.startsWith(path))),
  );
  const words = (
    <>
      {field.label}{" "}
      {field.isRequired ? (
        <abbr class="required" title="required">
          *
        </abbr>
      ) : (
        <span class="muted">(may be left out)</span>
      )}
      {shape.kind === "lines" && <span class="muted"> one a line</span>}
      {shape.kind === "json" && <span class="muted"> JSON</span>}
    </>
  );
  return (
    <div
      class="form-field"
      onFocusOut={() => {
        issues.onLeft(path);
      }}
    >
      {isNested ? (
        <fieldset>
          <legend>{words}</legend>
          {value !== null && <Nested {...place} shape={shape} isRequired={field.isRequired} />}
        </fieldset>
      ) : (
        <label>
          {words}
          <PayloadField
            shape={shape}
            value={value}
            isRequired={field.isRequired && value !== null}
            isDisabled={field.isNullable && value === null}
            isInvalid={said.length > 0}
            onValue={onValue}
          />
        </label>
      )}
      {field.isNullable && (
        <label class="null-choice">
          <input
            type="checkbox"
            checked={value === null}
            onChange={({ currentTarget }) => {
              onValue(currentTarget.checked ? null : undefined);
            }}
          />{" "}
          {field.label} is null
        </label>
      )}
      {field.hint !== null && <p class="muted hint">{field.hint}</p>}
      {said.map((issue) => (
        <p key={`${issue.path} ${issue.message}`} class="problem">
          {issue.path} {issue.message}
        </p>
      ))}
    </div>
  );
}

function Nested({
  shape,
  value,
  path,
  issues,
  isRequired,
  onValue,
}: PlaceProps & { readonly shape: Shape; readonly isRequired: boolean }): JSX.Element | null {
  if (shape.kind === "object") {
    return isRequired || value !== undefined ? (
      <>
        <PayloadFields
          fields={shape.fields}
          payload={objectOf(value)}
          path={path}
          issues={issues}
          onPayload={onValue}
        />
        {!isRequired && (
          <Small
            label="Leave out"
            onClick={() => {
              onValue();
            }}
          />
        )}
      </>
    ) : (
      <Small
        label="Fill in"
        onClick={() => {
          onValue(startOf(shape.fields));
        }}
      />
    );
  }
  return shape.kind === "items" ? (
    <Items item={shape.item} value={value} path={path} issues={issues} onValue={onValue} />
  ) : null;
}

function Items({ item, value, path, issues, onValue }: PlaceProps & { readonly item: Shape }): JSX.Element {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return (
    <>
      {list.map((each, index) => {
        const isNested = item.kind === "object" || item.kind === "items";
        const place: PlaceProps = {
          value: each,
          path: `${path}[${index}]`,
          issues,
          onValue: (changed) => {
            onValue(list.with(index, changed ?? null));
          },
        };
        return (
          // Items have no names but their places.
          <fieldset key={index} class="item">
            <legend>{index + 1}</legend>
            {isNested ? (
              <Nested {...place} shape={item} isRequired />
            ) : (
              <PayloadField {...place} shape={item} isRequired isDisabled={false} isInvalid={false} />
            )}
            <Small
              label={`Remove ${index + 1}`}
              onClick={() => {
                onValue(list.toSpliced(index, 1));
              }}
            />
          </fieldset>
        );
      })}
      <Small
        label="Add an item"
        onClick={() => {
          onValue([...list, item.kind === "object" ? startOf(item.fields) : null]);
        }}
      />
    </>
  );
}

function Small({ label, onClick }: { readonly label: string; readonly onClick: () => void }): JSX.Element {
  return (
    <button type="button" class="small" onClick={onClick}>
      {label}
    </button>
  );
}

function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
