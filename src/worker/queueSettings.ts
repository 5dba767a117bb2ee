/** How graphile-worker is run; docs/decisions/0003-queue-settings.md has the figures. */
export interface QueueSettings {
  /** graphile-worker's schema. */
  readonly schema: string;
  /** Jobs run at once. */
  readonly concurrency: number;
  /** How often the queue is looked at when nothing says that there is something, in ms. */
  readonly pollIntervalMs: number;
  /** graphile-worker's crontab. Default: the file `crontab` of the current folder, if there is one. */
  readonly crontabFile: string | undefined;
  /** How long plain tasks may go on before their signal is aborted, in ms. */
  readonly shutdownGraceMs: number;
}
