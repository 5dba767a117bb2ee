import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { DefinitionsDocument } from "../api/generated.ts";
import { usePolled } from "../api/hooks.ts";
import { type JobView, STATES } from "../view/jobFilter.ts";
import { Link } from "../view/link.tsx";
import { goTo, withParameters } from "../view/location.ts";
import { takeSearchWish } from "../view/shortcuts.ts";

const TYPING_PAUSE_MS = 300;
const DEFINITIONS_EVERY_MS = 60_000;
const TIMES = [
  [0, "at any time"],
  [15, "in the last 15 minutes"],
  [60, "in the last hour"],
  [1440, "in the last day"],
  [10_080, "in the last week"],
] as const;

/** What narrows the list of jobs; each change goes into the address bar. */
export function JobFilters({ address, view }: { readonly address: URL; readonly view: JobView }): JSX.Element {
  const { data } = usePolled(DefinitionsDocument, {}, DEFINITIONS_EVERY_MS);
  const known = (data?.definitions?.nodes ?? []).map(({ identifier }) => identifier);
  const identifiers = [...new Set(view.identifier === "" ? known : [...known, view.identifier])].toSorted();

  function narrow(changes: Readonly<Record<string, string | null>>, replace = false): void {
    goTo(withParameters(address, { ...changes, after: null }), { replace });
  }

  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (takeSearchWish()) {
      form.current?.querySelector<HTMLInputElement>('input[name="text"]')?.focus();
    }
  }, []);

  return (
    <form
      role="search"
      class="filters"
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <ul class="states" aria-label="State">
        {Object.entries(STATES).map(([state, name]) => (
          <li key={state}>
            <Link
              to={withParameters(address, { state: state === "all" ? null : state, after: null })}
              aria-current={view.state === state ? "true" : undefined}
            >
              {name}
            </Link>
          </li>
        ))}
      </ul>
      <Typed
        name="text"
        label="Id or job key"
        value={view.text}
        onTyped={(text) => {
          narrow({ text }, true);
        }}
      />
      <label>
        Definition
        <select
          value={view.identifier}
          onChange={({ currentTarget }) => {
            narrow({ identifier: currentTarget.value });
          }}
        >
          <option value="">all</option>
          {identifiers.map((identifier) => (
            <option key={identifier} value={identifier}>
              {identifier}
            </option>
          ))}
        </select>
      </label>
      <Typed
        name="tenant"
        label="Tenant"
        value={view.tenant}
        onTyped={(tenant) => {
          narrow({ tenant }, true);
        }}
      />
      <label>
        Added
        <select
          value={view.minutes}
          onChange={({ currentTarget }) => {
            narrow({ minutes: currentTarget.value === "0" ? null : currentTarget.value });
          }}
        >
          {TIMES.map(([minutes, name]) => (
            <option key={minutes} value={minutes}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Order
        <select
          value={view.isOldestFirst ? "oldest" : ""}
          onChange={({ currentTarget }) => {
            narrow({ order: currentTarget.value });
          }}
        >
          <option value="">newest first</option>
          <option value="oldest">oldest first</option>
        </select>
      </label>
    </form>
  );
}

/** A field whose text counts once nobody has typed for a moment. */
function Typed({
  name,
  label,
  value,
  onTyped,
}: {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly onTyped: (text: string) => void;
}): JSX.Element {
  const [text, setText] = useState(value);
  useEffect(() => {
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
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
        }}
      />
    </label>
  );
}
