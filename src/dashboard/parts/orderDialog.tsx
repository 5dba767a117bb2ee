import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { type ApiError, asApiError } from "../api/apiError.ts";
import { Dialog } from "./dialog.tsx";
import { ErrorNotice } from "./notices.tsx";

/** What {@link OrderDialog} takes. */
export interface OrderDialogProps {
  readonly title: string;
  /** What the button that does it says. */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** What happens, and further fields. */
  readonly children: ComponentChildren;
  readonly isReady?: boolean;
  /** Gives the order, after which the dialog closes; what it throws is shown, and the dialog stays. */
  readonly onOrder: (reason: string) => Promise<void>;
  readonly onClose: () => void;
}

/** Asks for a reason before an order is given; it is kept in the audit. */
export function OrderDialog(props: OrderDialogProps): JSX.Element {
  const { title, action, isDangerous = false, isReady = true, onOrder, onClose, children } = props;
  const [reason, setReason] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const isGone = useRef(false);
  useEffect(
    () => () => {
      isGone.current = true;
    },
    [],
  );

  async function order(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await onOrder(reason.trim());
      // Whoever left while it was under way may have another question open by now.
      if (!isGone.current) {
        onClose();
      }
    } catch (cause) {
      setError(asApiError(cause));
      setBusy(false);
    }
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          void order(event);
        }}
      >
        {children}
        <label>
          Reason <span class="muted">(kept in the audit)</span>
          <input
            name="reason"
            required
            autocomplete="off"
            value={reason}
            onInput={({ currentTarget }) => {
              setReason(currentTarget.value);
            }}
          />
        </label>
        {error !== null && <ErrorNotice error={error} />}
        <div class="buttons">
          <button type="submit" class={isDangerous ? "danger" : "primary"} disabled={isBusy || !isReady}>
            {isBusy ? "…" : action}
          </button>
          <button type="button" onClick={onClose}>
            Back
          </button>
        </div>
      </form>
    </Dialog>
  );
}
