import type { JSX } from "preact";

import { durationText } from "../view/durations.ts";
import { type Axis, type Span, placeOf, ticksOf } from "../view/timeline.ts";

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const KINDS = { waiting: "waits", failed: "failed try", running: "runs", completed: "completed" } as const;

/** What the bars' stripes look like; once a page. Each kind differs in shape or pattern too, not in colour alone. */
export function LanePatterns(): JSX.Element {
  return (
    <svg class="unseen" aria-hidden="true">
      <pattern id="stripes" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="bar-failed" width="3" height="5" />
      </pattern>
    </svg>
  );
}

/** The axis' scale: how long after its beginning it was. */
export function LaneAxis({ axis }: { readonly axis: Axis }): JSX.Element {
  return (
    <>
      <span class="unseen">Time, {durationText(axis.toMs - axis.fromMs)} in all</span>
      <svg class="axis" aria-hidden="true">
        {ticksOf(axis).map((tick) => {
          const atMs = axis.fromMs + tick;
          const x = `${placeOf({ fromMs: atMs, toMs: atMs }, axis).left}%`;
          return (
            <g key={tick}>
              <line x1={x} x2={x} y1={16} y2={20} />
              <text x={x} y={12} class={tick === 0 ? "" : "middle"}>
                {tick === 0 ? "0" : durationText(tick)}
              </text>
            </g>
          );
        })}
      </svg>
    </>
  );
}

/** Bars on a row's axis; the words are in a list that only readers of the screen meet. */
export function Lane({ spans, axis }: { readonly spans: readonly Span[]; readonly axis: Axis }): JSX.Element {
  return (
    <>
      <svg class="bars" aria-hidden="true">
        {spans.map((span) => {
          const { left, width } = placeOf(span, axis);
          return (
            <Bar key={`${span.kind}${span.fromMs}`} kind={span.kind} x={`${left}%`} width={`${width}%`}>
              {`${span.label}\n${CLOCK.format(span.fromMs)} to ${CLOCK.format(span.toMs)}, ${durationText(span.toMs - span.fromMs)}`}
            </Bar>
          );
        })}
      </svg>
      <span class="unseen">
        {spans.map(({ label, fromMs, toMs }) => `${label}, ${durationText(toMs - fromMs)}`).join("; ")}
      </span>
    </>
  );
}

function Bar({
  kind,
  x,
  width,
  children,
}: {
  readonly kind: Span["kind"];
  readonly x: string;
  readonly width: string;
  readonly children: string;
}): JSX.Element {
  return (
    <rect
      class={`bar-${kind}`}
      x={x}
      width={width}
      {...(kind === "waiting" ? { y: 7, height: 3 } : { y: 3, height: 11, rx: 2 })}
    >
      <title>{children}</title>
    </rect>
  );
}

/** What the bars mean. */
export function LaneLegend(): JSX.Element {
  return (
    <p class="legend" aria-hidden="true">
      {(Object.keys(KINDS) as Span["kind"][]).map((kind) => (
        <span key={kind}>
          <svg class="bars sample">
            <Bar kind={kind} x="0" width="100%">
              {KINDS[kind]}
            </Bar>
          </svg>
          {KINDS[kind]}
        </span>
      ))}
    </p>
  );
}
