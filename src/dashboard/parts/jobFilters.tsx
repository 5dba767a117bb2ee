import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { DefinitionsDocument } from "../api/generated.ts";
import { usePolled } from "../api/hooks.ts";
import {
  type JobOrder,
  type JobState,
  type JobView,
  ORDERS,
  PAGE_SIZES,
  STATES,
  whyNoOrder,
  withState,
} from "../view/jobFilter.ts";
import { Link } from "../view/link.tsx";
import { goTo, withParameters } from "../view/location.ts";
import { Typed } from "./typed.tsx";

const DEFINITIONS_EVERY_MS = 60_000;
const BETWEEN = "between";
const TIMES = [
  ["0", "at any time"],
  ["15", "in the last 15 minutes"],
  ["60", "in the last hour"],
  ["1440", "in the last day"],
  ["10080", "in the last week"],
  [BETWEEN, "between two times…"],
] as const;
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

type Narrow = (changes: Readonly<Record<string, string | null>>, replace?: boolean) => void;

/** What narrows the list of jobs; each change goes into the address bar. */
export function JobFilters({ address, view }: { readonly address: URL; readonly view: JobView }): JSX.Element {
  const { data } = usePolled(DefinitionsDocument, {}, DEFINITIONS_EVERY_MS);
  const identifiers = [...new Set((data?.definitions?.nodes ?? []).map(({ identifier }) => identifier))].toSorted();

  function narrow(changes: Readonly<Record<string, string | null>>, replace = false): void {
    goTo(withParameters(address, { ...changes, after: null }), { replace });
  }

  return (
    <form
      role="search"
      aria-label="This list"
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <States address={address} view={view} />
      <Typed
        name="text"
        label="Number or text"
        value={view.text}
        onTyped={(text) => {
          narrow({ text }, true);
        }}
      />
      <Typed
        name="identifier"
        label="Definition"
        value={view.identifier}
        choices={identifiers}
        onTyped={(identifier) => {
          narrow({ identifier }, true);
        }}
      />
      <Typed
        name="tenant"
        label="Tenant"
        value={view.tenant}
        onTyped={(tenant) => {
          narrow({ tenant }, true);
        }}
      />
      <Added view={view} narrow={narrow} />
      <label>
        Order
        <select
          value={view.order}
          onChange={({ currentTarget: { value } }) => {
            narrow({ order: value === "newest" ? null : value });
          }}
        >
          {(Object.entries(ORDERS) as [JobOrder, string][]).map(([order, name]) => {
            const why = whyNoOrder(order, view);
            return (
              <option key={order} value={order} disabled={why !== null}>
                {why === null ? name : `${name} (${why})`}
              </option>
            );
          })}
        </select>
      </label>
      <label>
        Rows
        <select
          value={view.rows}
          onChange={({ currentTarget }) => {
            narrow({ rows: currentTarget.value });
          }}
        >
          {PAGE_SIZES.map((size) => (
            <option key={size} value={size}>
              {size}
            </option>
          ))}
        </select>
      </label>
      <Ended view={view} narrow={narrow} />
    </form>
  );
}

function States({ address, view }: { readonly address: URL; readonly view: JobView }): JSX.Element {
  return (
    <ul class="states" aria-label="States: each adds to what is shown">
      <li>
        <Link
          to={withParameters(address, { state: null, after: null })}
          aria-current={view.states.length === 0 ? "true" : undefined}
        >
          All
        </Link>
      </li>
      {(Object.entries(STATES) as [JobState, string][]).map(([state, name]) => (
        <li key={state}>
          <Link
            to={withParameters(address, { state: withState(view.states, state), after: null })}
            aria-current={view.states.includes(state) ? "true" : undefined}
          >
            {name}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Added({ view, narrow }: { readonly view: JobView; readonly narrow: Narrow }): JSX.Element {
  const isBetween = view.addedFrom !== null || view.addedTo !== null;
  const [isWanted, setWanted] = useState(false);
  const chosen = isBetween || isWanted ? BETWEEN : String(view.minutes);
  return (
    <>
      <label>
        Added
        <select
          value={chosen}
          onChange={({ currentTarget: { value } }) => {
            setWanted(value === BETWEEN);
            narrow({ addedFrom: null, addedTo: null, minutes: value === BETWEEN || value === "0" ? null : value });
          }}
        >
          {TIMES.map(([minutes, name]) => (
            <option key={minutes} value={minutes}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {chosen === BETWEEN &&
        (
          [
            ["addedFrom", "From"],
            ["addedTo", "Before"],
          ] as const
        ).map(([name, label]) => (
          <label key={name}>
            {label}
            <input
              type="datetime-local"
              value={localText(view[name])}
              onChange={({ currentTarget: { value } }) => {
                narrow({ [name]: value === "" ? null : new Date(value).toISOString() });
              }}
            />
          </label>
        ))}
    </>
  );
}

/** A time as a field for local times has it. */
function localText(at: string | null): string {
  if (at === null) {
    return "";
  }
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function Ended({ view, narrow }: { readonly view: JobView; readonly narrow: Narrow }): JSX.Element | null {
  const { endedFrom, endedTo } = view;
  if (endedFrom === null && endedTo === null) {
    return null;
  }
  const words = [
    endedFrom === null ? "" : ` from ${MOMENT.format(new Date(endedFrom))}`,
    endedTo === null ? "" : ` before ${MOMENT.format(new Date(endedTo))}`,
  ].join("");
  return (
    <p class="condition">
      Ended{words}
      <button
        type="button"
        class="small"
        onClick={() => {
          narrow({ endedFrom: null, endedTo: null });
        }}
      >
        At any time
      </button>
    </p>
  );
}
