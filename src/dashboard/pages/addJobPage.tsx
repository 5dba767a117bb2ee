import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { type DefinitionsQuery, DefinitionsDocument, JobToCopyDocument } from "../api/generated.ts";
import { usePolled } from "../api/hooks.ts";
import { mayOrder } from "../api/token.ts";
import { useAsked } from "../api/useAsked.ts";
import { AddJobForm, type JobToCopy } from "../parts/addJobForm.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notices.tsx";
import { Link } from "../view/link.tsx";
import { goTo, useAddress, withParameters } from "../view/location.ts";

const DEFINITIONS_EVERY_MS = 60_000;

type Definition = NonNullable<DefinitionsQuery["definitions"]>["nodes"][number];

/** Adds a job: pick a definition, fill in its payload, see the plan, queue it. */
export function AddJobPage(): JSX.Element {
  const like = useAddress().searchParams.get("like");
  return (
    <div class="add">
      <h1>Add a job</h1>
      {like !== null && /^\d{1,18}$/v.test(like) ? <AddLike key={like} id={like} /> : <Add like={null} />}
    </div>
  );
}

function AddLike({ id }: { readonly id: string }): JSX.Element {
  const { data, error } = useAsked(JobToCopyDocument, { id });
  if (error !== null) {
    return <ErrorNotice error={error} />;
  }
  if (data === null) {
    return <Waiting />;
  }
  const job = data.job ?? null;
  return (
    <>
      <p class="notice">
        {job === null ? (
          `There is no job ${id} that you may see; this form begins empty.`
        ) : (
          <>
            Like <Link to={`/jobs/${id}`}>job {id}</Link>
            {job.payload === null
              ? ", but its payload is kept from you or was scrubbed: fill in another one."
              : ": its payload and options. Its key and its time are not copied."}
          </>
        )}
      </p>
      <Add like={job} />
    </>
  );
}

function Add({ like }: { readonly like: JobToCopy | null }): JSX.Element {
  const { data, error } = usePolled(DefinitionsDocument, {}, DEFINITIONS_EVERY_MS);
  const address = useAddress();
  const definitions = currentOf(data?.definitions?.nodes ?? []);
  const wanted = address.searchParams.get("identifier") ?? like?.identifier;
  const definition = definitions.find(({ identifier }) => identifier === wanted) ?? definitions[0];
  if (error !== null && !mayOrder()) {
    // Whoever may only add jobs reads no definitions.
    return <AddByName />;
  }
  if (data === null) {
    return error === null ? <Waiting /> : <ErrorNotice error={error} />;
  }
  if (definition === undefined) {
    return <NoDefinition />;
  }
  const { identifier, payloadSchema } = definition;
  return (
    <>
      {error !== null && <ErrorNotice error={error} />}
      <label>
        Definition
        <select
          value={identifier}
          onChange={({ currentTarget }) => {
            goTo(withParameters(address, { identifier: currentTarget.value, like: null }), { replace: true });
          }}
        >
          {definitions.map((each) => (
            <option key={each.identifier} value={each.identifier}>
              {each.identifier}
            </option>
          ))}
        </select>
      </label>
      <AddJobForm
        key={identifier}
        identifier={identifier}
        payloadSchema={payloadSchema}
        like={like?.identifier === identifier ? like : null}
      />
    </>
  );
}

function AddByName(): JSX.Element {
  const [identifier, setIdentifier] = useState("");
  return (
    <>
      <label>
        Definition
        <input
          autocomplete="off"
          value={identifier}
          onChange={({ currentTarget }) => {
            setIdentifier(currentTarget.value.trim());
          }}
        />
      </label>
      {identifier !== "" && <AddJobForm key={identifier} identifier={identifier} payloadSchema={null} like={null} />}
    </>
  );
}

function NoDefinition(): JSX.Element {
  return (
    <Empty title="There is no definition to add a job of.">
      <p>Write one in tasks/ and start a worker, or run this:</p>
      <pre tabIndex={0}>npx ratchet migrate</pre>
    </Empty>
  );
}

/** Of each definition the version that add_job uses. */
function currentOf(definitions: readonly Definition[]): Definition[] {
  const newest = new Map<string, Definition>();
  for (const definition of definitions) {
    const other = newest.get(definition.identifier);
    if (other === undefined || Date.parse(other.currentSince) < Date.parse(definition.currentSince)) {
      newest.set(definition.identifier, definition);
    }
  }
  return [...newest.values()].toSorted((left, right) => left.identifier.localeCompare(right.identifier));
}
