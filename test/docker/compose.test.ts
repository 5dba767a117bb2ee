import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { expect, test } from "vitest";

import { CONFIG_OPTIONS } from "../../src/config/options.ts";
import { readCompose, type Service } from "./compose.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const { services, volumes } = readCompose(REPOSITORY);
const ours = Object.entries(services).filter(([, each]) => each.build !== undefined);

function service(name: string): Service {
  const found = services[name];
  if (found === undefined) {
    throw new Error(`docker-compose.yml has no service ${name}`);
  }
  return found;
}

test("there are a Postgres, migrations, a worker and a server, all of one image", () => {
  expect(Object.keys(services)).toStrictEqual(["postgres", "migrate", "worker", "server"]);
  expect(ours.map(([name, { build, init, command }]) => [name, build, init, command])).toStrictEqual([
    ["migrate", ".", true, ["migrate"]],
    ["worker", ".", true, ["worker"]],
    ["server", ".", true, ["serve"]],
  ]);
});

test("Postgres 18 keeps its data in the volume and says over TCP when it is there", () => {
  expect(service("postgres").image).toBe("postgres:18");
  expect(service("postgres").volumes).toStrictEqual(["postgres:/var/lib/postgresql"]);
  expect(volumes).toHaveProperty("postgres");
  expect(service("postgres").healthcheck?.test).toStrictEqual([
    "CMD",
    "pg_isready",
    "--host=127.0.0.1",
    "--username=ratchet",
    "--dbname=ratchet",
  ]);
});

test("migrations wait for a healthy Postgres and run once, worker and server wait for their end", () => {
  expect(service("migrate")).toMatchObject({
    depends_on: { postgres: { condition: "service_healthy" } },
    restart: "no",
  });
  for (const name of ["worker", "server"]) {
    expect(service(name)).toMatchObject({
      depends_on: { migrate: { condition: "service_completed_successfully" } },
      restart: "unless-stopped",
    });
  }
});

test("every published port is open to this machine only", () => {
  const ports = Object.values(services).flatMap((each) => each.ports ?? []);
  expect(ports).toStrictEqual(["127.0.0.1:5433:5432", "127.0.0.1:5678:5678"]);
});

test("every setting is one of the program's, and the database is the one of the file", () => {
  const variables = new Set<string>(Object.values(CONFIG_OPTIONS).map(({ variable }) => variable));
  for (const [name, { environment = {} }] of ours) {
    const unknown = Object.keys(environment).filter((variable) => !variables.has(variable));
    expect({ name, unknown }).toStrictEqual({ name, unknown: [] });
    const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = service("postgres").environment ?? {};
    expect(environment["DATABASE_URL"]).toBe(
      `postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@postgres:5432/${POSTGRES_DB}`,
    );
  }
});

test("a stop leaves more time than running tasks get, and what is mounted exists", () => {
  const grace = CONFIG_OPTIONS.shutdownGrace.default;
  expect(grace).toBe("10 s");
  expect([service("worker"), service("server")].map((each) => each.stop_grace_period)).toStrictEqual(["20s", "20s"]);
  const mounted = ours.flatMap(([, each]) => each.volumes ?? []).map((volume) => volume.split(":")[0] ?? "");
  expect(mounted.filter((path) => !existsSync(join(REPOSITORY, path)))).toStrictEqual([]);
});

test("the image's own packages have the versions that the tests run with", () => {
  const { dependencies } = readPackage("tools/image/package.json");
  const { devDependencies, peerDependencies } = readPackage("package.json");
  expect(devDependencies).toMatchObject(dependencies);
  expect(Object.keys(dependencies)).toStrictEqual(expect.arrayContaining(Object.keys(peerDependencies)));
});

interface Package {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
}

function readPackage(path: string): Package {
  return JSON.parse(readFileSync(join(REPOSITORY, path), "utf8")) as Package;
}
