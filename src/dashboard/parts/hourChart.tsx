import type { JSX } from "preact";

import { SLICE_MINUTES, type Slice } from "../view/hour.ts";

const WIDTH = 720;
const HEIGHT = 150;
const FLOOR = HEIGHT - 20;
const CEILING = 12;
const LEFT = 34;
const KINDS = [
  ["completed", "completed"],
  ["failedForGood", "failed"],
  ["cancelled", "cancelled"],
] as const;

/** How jobs ended over the last hour: a bar each five minutes. The same is in a table for those who do not see it. */
export function HourChart({ slices }: { readonly slices: readonly Slice[] }): JSX.Element {
  const totals = slices.map(({ completed, failedForGood, cancelled }) => completed + failedForGood + cancelled);
  const most = Math.max(1, ...totals);
  const step = (WIDTH - LEFT) / Math.max(1, slices.length);
  return (
    <>
      <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <line x1={LEFT} x2={WIDTH} y1={FLOOR} y2={FLOOR} />
        <line x1={LEFT} x2={WIDTH} y1={CEILING} y2={CEILING} />
        <text x={LEFT - 4} y={CEILING + 4} text-anchor="end">
          {most}
        </text>
        <text x={LEFT - 4} y={FLOOR} text-anchor="end">
          0
        </text>
        {slices.map((slice, index) => (
          <Bar key={slice.fromMinutes} slice={slice} x={LEFT + index * step} width={step - 4} most={most} />
        ))}
        <text x={LEFT} y={HEIGHT - 4}>
          an hour ago
        </text>
        <text x={WIDTH} y={HEIGHT - 4} text-anchor="end">
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
  readonly x: number;
  readonly width: number;
  readonly most: number;
}

function Bar({ slice, x, width, most }: BarProps): JSX.Element {
  let top = FLOOR;
  return (
    <g>
      <title>{`${slice.fromMinutes} to ${slice.fromMinutes - SLICE_MINUTES} minutes ago: ${slice.completed} completed, ${slice.failedForGood} failed, ${slice.cancelled} cancelled`}</title>
      {KINDS.map(([key, name]) => {
        const height = (slice[key] / most) * (FLOOR - CEILING);
        top -= height;
        return <rect key={key} class={`bar-${name}`} x={x} y={top} width={width} height={height} />;
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
