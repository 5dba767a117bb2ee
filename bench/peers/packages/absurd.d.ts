declare module "absurd-sdk" {
  import type { Pool } from "pg";

  interface Context {
    step<Result>(name: string, step: () => Promise<Result>): Promise<Result>;
  }

  export class Absurd {
    constructor(options: { db: Pool; queueName: string });
    registerTask(
      options: { name: string },
      handler: (params: { readonly job: number }, context: Context) => Promise<unknown>,
    ): void;
    spawn(name: string, params: unknown): Promise<{ readonly taskID: string }>;
    startWorker(options: {
      workerId: string;
      concurrency: number;
      pollInterval: number;
    }): Promise<{ close(): Promise<void> }>;
  }
}
