declare module "pg-boss" {
  export class PgBoss {
    constructor(options: { connectionString: string; max: number });
    on(event: "error", listener: (error: Error) => void): this;
    start(): Promise<this>;
    stop(): Promise<void>;
    createQueue(name: string): Promise<void>;
    send(name: string, data: object): Promise<string | null>;
    insert(name: string, jobs: { data: object }[]): Promise<string[] | null>;
    work(
      name: string,
      options: {
        batchSize: number;
        localConcurrency: number;
        pollingIntervalSeconds: number;
        burstWhenBatchFull: boolean;
      },
      handler: (jobs: { readonly data: { readonly job: number } }[]) => Promise<unknown>,
    ): Promise<string>;
  }
}
