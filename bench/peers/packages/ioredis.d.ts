declare module "ioredis" {
  export class Redis {
    constructor(url: string);
    disconnect(): void;
    zrange(key: string, from: number, to: number): Promise<string[]>;
    hget(key: string, field: string): Promise<string | null>;
  }
}
