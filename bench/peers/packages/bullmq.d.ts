declare module "bullmq" {
  import type { RedisClient } from "redis";

  export interface Job<Data, Result> {
    readonly data: Data;
    readonly returnvalue: Result;
    updateData(data: Data): Promise<void>;
  }

  export class Queue<Data> {
    constructor(name: string, options: { connection: RedisClient });
    waitUntilReady(): Promise<unknown>;
    add(name: string, data: Data): Promise<unknown>;
    addBulk(jobs: { name: string; data: Data }[]): Promise<unknown>;
    close(): Promise<void>;
  }

  export class Worker<Data, Result> {
    constructor(
      name: string,
      handler: (job: Job<Data, Result>) => Promise<Result>,
      options: { connection: RedisClient; concurrency: number },
    );
    on(event: "completed", listener: () => void): this;
    close(): Promise<void>;
  }
}
