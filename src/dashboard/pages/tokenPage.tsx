import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { bearerOf, keepToken, whyForgotten } from "../api/token.ts";

/** Asks for a token; the API answers nobody without one. */
export function TokenPage(): JSX.Element {
  const [text, setText] = useState("");
  const [isWrong, setWrong] = useState(false);
  const why = whyForgotten();
  function enter(event: SubmitEvent): void {
    event.preventDefault();
    const token = text.trim().replace(/^Bearer\s+/iv, "");
    if (bearerOf(token) === null) {
      setWrong(true);
    } else {
      keepToken(token);
    }
  }
  return (
    <form class="narrow" onSubmit={enter}>
      <h1>This server asks for a token</h1>
      <p>
        Paste the JSON Web Token that whoever runs this server gave you. It stays in this window, and is forgotten when
        you close it.
      </p>
      <label>
        Token
        <textarea
          name="token"
          rows={5}
          required
          spellcheck={false}
          aria-invalid={isWrong}
          aria-describedby="token-problem"
          value={text}
          onInput={({ currentTarget }) => {
            setText(currentTarget.value);
            setWrong(false);
          }}
        />
      </label>
      <p id="token-problem" role="alert" class="problem">
        {!isWrong && why !== null && `The token of before does not count: ${why}`}
        {isWrong ? "That is no JSON Web Token: three parts with dots between them, beginning with eyJ." : ""}
      </p>
      <button type="submit" class="primary">
        Enter
      </button>
    </form>
  );
}
