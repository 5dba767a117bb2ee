import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { type Bucket, endOf, niceCeiling } from "../view/hour.ts";
import { goTo } from "../view/location.ts";

const FLOOR = 130;
const CEILING = 18;
/** A label of time at each minute that this divides. */
const LABEL_MINUTES = 10;
const KINDS = [
  ["completed", "completed"],
  ["failedForGood", "failed"],
  ["cancelled", "cancelled"],
] as const;
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

/**
 * How jobs ended: a bar a bucket, whose numbers show on hover, and with the arrow keys; a click or Enter opens the jobs that ended
 * then. The same numbers are in a table for those who do not see it.
 */
export function HourChart({ buckets }: { readonly buckets: readonly Bucket[] }): JSX.Element {
  const [shown, setShown] = useState<number | null>(null);
  const top = niceCeiling(Math.max(...buckets.map(totalOf)));
  const step = 100 / Math.max(1, buckets.length);
  const bucket = shown === null ? undefined : buckets[shown];

  function press(event: KeyboardEvent): void {
    const last = buckets.length - 1;
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: Math.max(0, (shown ?? last + 1) - 1),
      ArrowRight: Math.min(last, (shown ?? last) + 1),
      Home: 0,
      End: last,
    };
    const next = moves[event.key];
    if (next !== undefined) {
      event.preventDefault();
      setShown(next);
    } else if (event.key === "Enter" && shown !== null) {
      goTo(endsBetween(buckets, shown));
    }
  }

  return (
    <>
      <div
        tabIndex={0}
        role="group"
        aria-label="Ends by minute. Arrow keys go from minute to minute, Enter shows the jobs."
        onKeyDown={press}
        onMouseLeave={() => {
          setShown(null);
        }}
      >
        <svg class="chart" aria-hidden="true">
          <Pattern />
          {[0, 0.5, 1].map((share) => {
            const y = FLOOR - share * (FLOOR - CEILING);
            return (
              <g key={share}>
                <line x1="0" x2="100%" y1={y} y2={y} />
                <text x="0" y={y - 4}>
                  {share === 0 ? "" : (top * share).toLocaleString()}
                </text>
              </g>
            );
          })}
          {buckets.map((each, index) => (
            <Bar
              key={each.startedAt}
              bucket={each}
              left={index * step}
              width={step}
              top={top}
              isShown={index === shown}
              onShow={() => {
                setShown(index);
              }}
              onOpen={() => {
                goTo(endsBetween(buckets, index));
              }}
            />
          ))}
          {buckets.map((each, index) => {
            const at = new Date(each.startedAt);
            return at.getMinutes() % LABEL_MINUTES === 0 && index > 2 && index < buckets.length - 2 ? (
              <text key={each.startedAt} x={`${index * step}%`} y={FLOOR + 16} text-anchor="middle">
                {TIME.format(at)}
              </text>
            ) : null;
          })}
        </svg>
      </div>
      <div class="legend">
        {KINDS.map(([key, name]) => (
          <span key={key} aria-hidden="true">
            <svg>
              <rect class={`bar-${name}`} width="12" height="12" rx="2" />
              {name === "failed" && <rect fill="url(#failed-stripes)" width="12" height="12" />}
            </svg>
            {name}
          </span>
        ))}
        <span class="readout" role="status">
          {bucket !== undefined && shown !== null && sentenceOf(bucket, endOf(buckets, shown))}
        </span>
      </div>
      {/* A table takes the height of its rows, whatever it is told. */}
      <div class="unseen">
        <BucketTable buckets={buckets} />
      </div>
    </>
  );
}

function totalOf({ completed, failedForGood, cancelled }: Bucket): number {
  return completed + failedForGood + cancelled;
}

function sentenceOf(bucket: Bucket, end: string): string {
  const numbers = KINDS.map(([key, name]) => `${bucket[key].toLocaleString()} ${name}`).join(", ");
  return `${TIME.format(new Date(bucket.startedAt))} to ${TIME.format(new Date(end))}: ${numbers}`;
}

function endsBetween(buckets: readonly Bucket[], index: number): string {
  const parameters = new URLSearchParams({
    endedFrom: buckets[index]?.startedAt ?? "",
    endedTo: endOf(buckets, index),
  });
  return `/jobs?${parameters.toString()}`;
}

/** Failures are striped: they differ by more than their colour. */
function Pattern(): JSX.Element {
  return (
    <defs>
      <pattern id="failed-stripes" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line class="stripe" x1="0" x2="0" y1="0" y2="5" />
      </pattern>
    </defs>
  );
}

interface BarProps {
  readonly bucket: Bucket;
  readonly left: number;
  readonly width: number;
  readonly top: number;
  readonly isShown: boolean;
  readonly onShow: () => void;
  readonly onOpen: () => void;
}

function Bar({ bucket, left, width, top, isShown, onShow, onOpen }: BarProps): JSX.Element {
  let y = FLOOR;
  const place = { x: `${left + width * 0.1}%`, width: `${width * 0.8}%` };
  return (
    <g class={isShown ? "bucket shown" : "bucket"} onMouseEnter={onShow} onClick={onOpen}>
      <rect class="field" x={`${left}%`} y={CEILING} width={`${width}%`} height={FLOOR - CEILING} />
      {KINDS.filter(([key]) => bucket[key] > 0).map(([key, name]) => {
        // One failure among thousands is still to be seen.
        const height = Math.max(2, (bucket[key] / top) * (FLOOR - CEILING));
        y -= height;
        return (
          <g key={key}>
            <rect class={`bar-${name}`} {...place} y={y} height={height} />
            {name === "failed" && <rect fill="url(#failed-stripes)" {...place} y={y} height={height} />}
          </g>
        );
      })}
    </g>
  );
}

function BucketTable({ buckets }: { readonly buckets: readonly Bucket[] }): JSX.Element {
  return (
    <table>
      <caption>Ends of jobs over the last hour</caption>
      <thead>
        <tr>
          <th scope="col">From</th>
          {KINDS.map(([key, name]) => (
            <th key={key} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {buckets.map((bucket) => (
          <tr key={bucket.startedAt}>
            <th scope="row">{TIME.format(new Date(bucket.startedAt))}</th>
            {KINDS.map(([key]) => (
              <td key={key}>{bucket[key]}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
