import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROVISIONING = join(import.meta.dirname, "../../provisioning/grafana");
const START_MS_MAX = 120_000;

export interface Grafana {
  readonly url: string;
  /** user:password */
  readonly user: string;
  /** What it logged so far. */
  log(): Promise<string>;
  close(): Promise<void>;
}

export interface GrafanaOptions {
  /** Folder with bin/grafana, conf and public. */
  readonly home: string;
  /** The database as its reader sees it. */
  readonly databaseUrl: string;
  readonly tempoUrl: string | undefined;
  readonly webhookUrl: string;
}

/** Rules on Tempo look back so far, instead of a quarter of an hour and more: long enough for what arrives to be found, short enough to wait for. */
export const TEMPO_WINDOW_S = 180;

/** A Grafana with our provisioning as it is, except that rules are evaluated every 10 s and fire at once. */
export async function startGrafana({ home, databaseUrl, tempoUrl, webhookUrl }: GrafanaOptions): Promise<Grafana> {
  const folder = await mkdtemp(join(tmpdir(), "genai-otel-grafana-"));
  const provisioning = join(folder, "provisioning");
  await cp(PROVISIONING, provisioning, { recursive: true });
  await rewrite(join(provisioning, "alerting/postgres-rules.yaml"), hurried);
  await rewrite(join(provisioning, "alerting/tempo-rules.yaml"), (text) =>
    hurried(text).replaceAll(/from: \d+$/gm, `from: ${TEMPO_WINDOW_S}`),
  );
  if (tempoUrl === undefined) {
    await rm(join(provisioning, "datasources/tempo.yaml"));
    await rm(join(provisioning, "alerting/tempo-rules.yaml"));
    await rm(join(provisioning, "dashboards/tempo"), { recursive: true });
    await mkdir(join(provisioning, "dashboards/tempo"));
  }
  const port = await freePort();
  const log = join(folder, "grafana.log");
  await writeFile(join(folder, "grafana.ini"), settings(folder, port));
  const database = new URL(databaseUrl);
  const child = spawn(join(home, "bin/grafana"), ["server", "--homepath", home, "--config", join(folder, "grafana.ini")], {
    cwd: home,
    stdio: "ignore",
    env: {
      ...process.env,
      GENAI_POSTGRES_HOST: database.host,
      GENAI_POSTGRES_USER: database.username,
      GENAI_POSTGRES_PASSWORD: database.password,
      GENAI_POSTGRES_DATABASE: database.pathname.slice(1),
      GENAI_POSTGRES_SSLMODE: "disable",
      GENAI_TEMPO_URL: tempoUrl ?? "",
      GENAI_DASHBOARDS_PATH: join(provisioning, "dashboards"),
      GENAI_ALERT_WEBHOOK_URL: webhookUrl,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await untilHealthy(url, child, log);
  return {
    url,
    user: "admin:local-admin",
    log: () => readFile(log, "utf8"),
    close: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function rewrite(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, "utf8")));
}

const hurried = (text: string): string =>
  text
    .replaceAll(/interval: \d+m/g, "interval: 10s")
    .replaceAll(/for: "?\d+m"?$/gm, "for: 0s")
    .replaceAll(/keepFiringFor: "?\d+m"?$/gm, "keepFiringFor: 0s");

function settings(folder: string, port: number): string {
  return `
[paths]
data = ${folder}/data
logs = ${folder}
plugins = ${folder}/plugins
provisioning = ${folder}/provisioning
[server]
http_addr = 127.0.0.1
http_port = ${port}
[analytics]
reporting_enabled = false
check_for_updates = false
check_for_plugin_updates = false
[security]
admin_password = local-admin
disable_gravatar = true
[news]
news_feed_enabled = false
[plugins]
preinstall_disabled = true
public_key_retrieval_disabled = true
[log]
mode = file
[unified_alerting]
min_interval = 10s
`;
}

async function untilHealthy(url: string, child: ChildProcess, log: string): Promise<void> {
  for (const startMs = Date.now(); Date.now() - startMs < START_MS_MAX;) {
    if (child.exitCode !== null)
      throw new Error(`Grafana ended with code ${child.exitCode}:\n${(await readFile(log, "utf8")).slice(-3000)}`);
    const healthy = await fetch(`${url}/api/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (healthy) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`Grafana did not come up within ${START_MS_MAX} ms`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
