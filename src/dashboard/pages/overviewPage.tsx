import type { JSX } from "preact";

import {
  type StatsQuery,
  type WorkersQuery,
  DefinitionsDocument,
  HourDocument,
  StatsDocument,
  WorkersDocument,
} from "../api/generated.ts";
import { usePolled } from "../api/hooks.ts";
import { maySeeWorkers } from "../api/token.ts";
import { Attention } from "../parts/attention.tsx";
import { HourChart } from "../parts/hourChart.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notices.tsx";
import { RunningNow } from "../parts/runningNow.tsx";
import { type GoneWorker, concernsOf, isSilent } from "../view/attention.ts";
import { useNow } from "../view/clock.ts";
import { durationText } from "../view/durations.ts";
import { Link } from "../view/link.tsx";

const STATS_EVERY_MS = 3000;
const HOUR_EVERY_MS = 10_000;
const WORKERS_EVERY_MS = 5000;
const DEFINITIONS_EVERY_MS = 60_000;

type Stat = StatsQuery["queueStats"][number];
type Worker = NonNullable<WorkersQuery["workers"]>["nodes"][number];

/** What needs attention, what runs, what waits and how jobs ended; definitions in trouble first. */
export function OverviewPage(): JSX.Element {
  const { data, error } = usePolled(StatsDocument, { minutes: 60 }, STATS_EVERY_MS);
  return (
    <>
      <h1>Overview</h1>
      {error !== null && <ErrorNotice error={error} />}
      {data === null && error === null && <Waiting />}
      {data !== null &&
        (maySeeWorkers() ? <StateWithWorkers stats={data.queueStats} /> : <State stats={data.queueStats} />)}
      <section aria-label="Ends over the last hour" class="card">
        <h2>Ends over the last hour</h2>
        {data === null && error === null ? <div class="chart" /> : <Hour />}
      </section>
      {data !== null && (
        <section aria-label="Definitions" class="card">
          <h2>Definitions</h2>
          {data.queueStats.length === 0 ? <NoDefinitions /> : <StatsTable stats={data.queueStats} />}
        </section>
      )}
      <section aria-label="Running now" class="card">
        <h2>Running now</h2>
        <RunningNow />
      </section>
    </>
  );
}

/** Asked for after what is above: with a million ends in the hour each answer takes Postgres half a second, both at once longer. */
function Hour(): JSX.Element {
  const { data, error } = usePolled(HourDocument, {}, HOUR_EVERY_MS);
  return (
    <>
      {error !== null && <ErrorNotice error={error} />}
      {data === null ? <div class="chart" /> : <HourChart buckets={data.queueHistory} />}
    </>
  );
}

function StateWithWorkers({ stats }: { readonly stats: readonly Stat[] }): JSX.Element | null {
  const { data, error } = usePolled(WorkersDocument, {}, WORKERS_EVERY_MS);
  // Without the workers it would say for a moment that all is well.
  return data === null && error === null ? null : (
    <State stats={stats} workers={data?.workers?.nodes ?? null} gone={data?.gone?.nodes ?? []} />
  );
}

function State({
  stats,
  workers = null,
  gone = [],
}: {
  readonly stats: readonly Stat[];
  readonly workers?: readonly Worker[] | null;
  readonly gone?: readonly GoneWorker[];
}): JSX.Element {
  const now = useNow();
  const { data } = usePolled(DefinitionsDocument, {}, DEFINITIONS_EVERY_MS);
  const versions = data?.definitions?.nodes ?? [];
  const alive = workers?.filter((worker) => !isSilent(worker, now)).length ?? null;
  return (
    <>
      {stats.length > 0 && (
        <Attention concerns={concernsOf({ stats, workers, gone, versions, nowMs: now })} workersAlive={alive} />
      )}
      <Tiles stats={stats} workersAlive={alive} />
    </>
  );
}

function Tiles({
  stats,
  workersAlive,
}: {
  readonly stats: readonly Stat[];
  readonly workersAlive: number | null;
}): JSX.Element {
  const total = (key: "waiting" | "running" | "scheduled" | "willRetry" | "failedForGood"): number =>
    stats.reduce((sum, stat) => sum + stat[key], 0);
  const waits = stats.map(({ oldestWaitSeconds }) => oldestWaitSeconds ?? 0);
  const oldest = Math.max(0, ...waits);
  return (
    <ul class="tiles">
      <Tile name="running" to="/jobs?state=running" value={total("running")} />
      <Tile name="due now" to="/jobs?state=pending" value={total("waiting")} />
      <Tile
        name="longest due"
        to="/jobs?state=unfinished&order=oldest"
        value={oldest === 0 ? "none" : durationText(oldest * 1000)}
      />
      <Tile name="for later" to="/jobs?state=pending" value={total("scheduled")} />
      <Tile name="will retry" to="/jobs?state=retrying" value={total("willRetry")} />
      <Tile
        name="failed for good, last hour"
        to="/jobs?state=failed"
        value={total("failedForGood")}
        isBad={total("failedForGood") > 0}
      />
      {workersAlive !== null && (
        <Tile name="workers alive" to="/workers" value={workersAlive} isBad={workersAlive === 0} />
      )}
    </ul>
  );
}

function Tile({
  name,
  value,
  to,
  isBad = false,
}: {
  readonly name: string;
  readonly value: number | string;
  readonly to: string;
  readonly isBad?: boolean;
}): JSX.Element {
  return (
    <li class={isBad ? "tile bad" : "tile"}>
      <strong>{value.toLocaleString()}</strong>
      <Link to={to}>{name}</Link>
    </li>
  );
}

function StatsTable({ stats }: { readonly stats: readonly Stat[] }): JSX.Element {
  const troubleFirst = stats.toSorted(
    (left, right) =>
      right.failedForGood - left.failedForGood ||
      right.willRetry - left.willRetry ||
      left.identifier.localeCompare(right.identifier),
  );
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th scope="col">Definition</th>
            <th scope="col" class="number">
              Running
            </th>
            <th scope="col" class="number">
              Due
            </th>
            <th scope="col" class="number optional">
              Longest due
            </th>
            <th scope="col" class="number optional">
              For later
            </th>
            <th scope="col" class="number">
              Will retry
            </th>
            <th scope="col" class="number">
              Failed, last hour
            </th>
            <th scope="col" class="number optional">
              Completed, last hour
            </th>
            <th scope="col" class="number optional">
              Ends a minute
            </th>
          </tr>
        </thead>
        <tbody>
          {troubleFirst.map((stat) => (
            <tr key={stat.identifier}>
              <th scope="row">
                <Link to={`/jobs?identifier=${encodeURIComponent(stat.identifier)}`}>{stat.identifier}</Link>
              </th>
              <td class="number">{stat.running}</td>
              <td class="number">{stat.waiting}</td>
              <td class="number optional">
                {stat.oldestWaitSeconds === null ? "" : durationText(stat.oldestWaitSeconds * 1000)}
              </td>
              <td class="number optional">{stat.scheduled}</td>
              <td class="number">{stat.willRetry}</td>
              <td class={stat.failedForGood > 0 ? "number error-text" : "number"}>{stat.failedForGood}</td>
              <td class="number optional">{stat.completed}</td>
              <td class="number optional">{stat.endsPerMinute.toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NoDefinitions(): JSX.Element {
  return (
    <Empty title="No definition is registered yet.">
      <p>
        Write one in <code>tasks/</code> and start a worker: it registers what it finds.
      </p>
      <pre tabIndex={0}>npx ratchet worker</pre>
    </Empty>
  );
}
