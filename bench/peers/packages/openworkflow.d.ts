declare module "openworkflow/postgres" {
  import type { Sql } from "postgres";

  export class BackendPostgres {
    private constructor();
    static connect(databaseUrl: string): Promise<BackendPostgres>;
    static fromPool(sql: Sql): BackendPostgres;
    stop(): Promise<void>;
  }
}

declare module "openworkflow" {
  import type { BackendPostgres } from "openworkflow/postgres";

  interface Worker {
    start(): Promise<void>;
    stop(): Promise<void>;
  }

  interface Context<Input> {
    readonly input: Input;
    readonly step: { run<Result>(config: { name: string }, step: () => Promise<Result>): Promise<Result> };
  }

  export class OpenWorkflow {
    constructor(options: { backend: BackendPostgres });
    newWorker(options: { concurrency: number }): Worker;
    defineWorkflow<Input, Output>(
      spec: { name: string },
      workflow: (context: Context<Input>) => Promise<Output>,
    ): { run(input: Input): Promise<{ readonly workflowRun: { readonly id: string } }> };
  }
}

declare module "postgres" {
  export interface Sql {
    end(): Promise<void>;
  }

  interface Options {
    max: number;
    transform: { column: { from: (column: string) => string } };
  }

  const postgres: {
    (databaseUrl: string, options: Options): Sql;
    toCamel: (column: string) => string;
  };
  export default postgres;
}
