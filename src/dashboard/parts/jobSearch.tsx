import type { JSX } from "preact";

import { goTo } from "../view/location.ts";

/** Goes to the job of a number, or to the jobs that hold a text. The key `/` leads here. */
export function JobSearch(): JSX.Element {
  return (
    <form
      role="search"
      aria-label="All jobs"
      class="job-search"
      onSubmit={(event) => {
        event.preventDefault();
        const field = event.currentTarget.elements.namedItem("find") as HTMLInputElement;
        const text = field.value.trim();
        if (text !== "") {
          goTo(addressOf(text));
          field.value = "";
          field.blur();
        }
      }}
    >
      <input
        type="search"
        name="find"
        aria-label="Find a job by number or text"
        aria-keyshortcuts="/"
        placeholder="Job number or text  ( / )"
        autocomplete="off"
      />
    </form>
  );
}

function addressOf(text: string): string {
  const id = /^#?(?<id>\d{1,18})$/v.exec(text)?.groups?.["id"];
  return id === undefined ? `/jobs?${new URLSearchParams({ text }).toString()}` : `/jobs/${BigInt(id)}`;
}
