import type { JSX } from "preact";

import { SLICE_MINUTES, type Slice } from "../view/hour.ts";

const FLOOR = 130;
const CEILING = 18;
const KINDS = [
  ["completed", "completed"],
  ["failedForGood", "failed"],
  ["cancelled", "cancelled"],
] as const;

/** How jobs ended over the last hour: a bar each five minutes. The same is in a table for those who do not see it. */
export function HourChart({ slices }: { readonly slices: readonly Slice[] }): JSX.Element {
  const totals = slices.map(({ completed, failedForGood, cancelled }) => completed + failedForGood + cancelled);
  const most = Math.max(1, ...totals);
  const stepPercent = 100 / Math.max(1, slices.length);
  return (
    <>
      <svg class="chart" aria-hidden="true">
        <line x1="0" x2="100%" y1={FLOOR} y2={FLOOR} />
        <line x1="0" x2="100%" y1={CEILING} y2={CEILING} />
        <text x="0" y={CEILING - 5}>
          {most.toLocaleString()}
        </text>
        {slices.map((slice, index) => (
          <Bar
            key={slice.fromMinutes}
            slice={slice}
            leftPercent={index * stepPercent}
            widthPercent={stepPercent * 0.94}
            most={most}
          />
        ))}
        <text x="0" y={FLOOR + 16}>
          an hour ago
        </text>
        <text x="100%" y={FLOOR + 16} text-anchor="end">
          now
        </text>
      </svg>
      <div class="legend" aria-hidden="true">
        {KINDS.map(([key, name]) => (
          <span key={key}>
            <svg>
              <rect class={`bar-${name}`} width="12" height="12" rx="2" />
            </svg>
            {name}
          </span>
        ))}
      </div>
      <SliceTable slices={slices} />
    </>
  );
}

interface BarProps {
  readonly slice: Slice;
  readonly leftPercent: number;
  readonly widthPercent: number;
  readonly most: number;
}

function Bar({ slice, leftPercent, widthPercent, most }: BarProps): JSX.Element {
  let top = FLOOR;
  return (
    <g>
      <title>{`${slice.fromMinutes} to ${slice.fromMinutes - SLICE_MINUTES} minutes ago: ${slice.completed} completed, ${slice.failedForGood} failed, ${slice.cancelled} cancelled`}</title>
      {KINDS.map(([key, name]) => {
        const height = (slice[key] / most) * (FLOOR - CEILING);
        top -= height;
        return (
          <rect
            key={key}
            class={`bar-${name}`}
            x={`${leftPercent}%`}
            y={top}
            width={`${widthPercent}%`}
            height={height}
          />
        );
      })}
    </g>
  );
}

function SliceTable({ slices }: { readonly slices: readonly Slice[] }): JSX.Element {
  return (
    <table class="unseen">
      <caption>Ends of jobs over the last hour</caption>
      <thead>
        <tr>
          <th scope="col">Minutes ago</th>
          {KINDS.map(([key, name]) => (
            <th key={key} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {slices.map((slice) => (
          <tr key={slice.fromMinutes}>
            <th scope="row">
              {slice.fromMinutes} to {slice.fromMinutes - SLICE_MINUTES}
            </th>
            {KINDS.map(([key]) => (
              <td key={key}>{slice[key]}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
