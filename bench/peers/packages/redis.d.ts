declare module "redis" {
  export interface RedisClient {
    connect(): Promise<unknown>;
    close(): Promise<void>;
    zRange(key: string, from: number, to: number): Promise<string[]>;
    hGet(key: string, field: string): Promise<string | null>;
  }

  export function createClient(options: { url: string }): RedisClient;
}
