declare module "@dbos-inc/dbos-sdk" {
  interface WorkflowHandle<Result> {
    readonly workflowID: string;
    getResult(): Promise<Result>;
  }

  export const DBOS: {
    setConfig(config: {
      name: string;
      systemDatabaseUrl: string;
      systemDatabasePoolSize: number;
      applicationVersion: string;
      listenQueues: string[];
      logLevel: string;
    }): void;
    registerWorkflow<Arguments extends unknown[], Result>(
      workflow: (...args: Arguments) => Promise<Result>,
      config: { name: string },
    ): (...args: Arguments) => Promise<Result>;
    registerQueue(name: string, options: { workerConcurrency: number; minPollingIntervalMs: number }): Promise<unknown>;
    launch(): Promise<void>;
    shutdown(options: { deregister: boolean }): Promise<void>;
    runStep<Result>(step: () => Promise<Result>, config: { name: string }): Promise<Result>;
    startWorkflow<Arguments extends unknown[], Result>(
      workflow: (...args: Arguments) => Promise<Result>,
      options?: { queueName: string },
    ): (...args: Arguments) => Promise<WorkflowHandle<Result>>;
  };

  export class DBOSClient {
    private constructor();
    static create(options: {
      systemDatabaseUrl: string;
      systemDatabasePoolSize: number;
      applicationName: string;
    }): Promise<DBOSClient>;
    enqueue(options: { workflowName: string; queueName: string }, ...args: unknown[]): Promise<WorkflowHandle<unknown>>;
    destroy(): Promise<void>;
  }
}

declare module "@dbos-inc/dbos-sdk/eventreceiver" {
  interface PreparedWorkflow {
    readonly workflowUUID: string;
  }

  export function prepareEnqueuedWorkflow<Arguments extends unknown[], Result>(
    workflow: (...args: Arguments) => Promise<Result>,
    args: Arguments,
    options: { queueName: string; workflowID: string },
  ): Promise<PreparedWorkflow>;
  export function enqueueWorkflows(workflows: PreparedWorkflow[]): Promise<Set<string>>;
}
