// As read_job_specs and insert_jobs write it before the problem of one of several jobs.
const POSITION = /^Job (?<number>\d+) of \d+: /v;

/** The index, from 0, of the job that an error of `add_jobs` names; undefined if it names none. */
export function positionOf(message: string): number | undefined {
  const number = POSITION.exec(message)?.groups?.["number"];
  return number === undefined ? undefined : Number(number) - 1;
}

/**
 * The message with the job's place among all of them.
 * @param sent the slice of those that was in the call: where it began and how many it were.
 */
export function movePosition(message: string, sent: { offset: number; count: number }, total: number): string {
  const index = positionOf(message) ?? (sent.count === 1 && total > 1 ? 0 : undefined);
  return index === undefined ? message : `Job ${sent.offset + index + 1} of ${total}: ${message.replace(POSITION, "")}`;
}
