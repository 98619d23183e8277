import type { Finding } from "./finding.ts";

export interface AppEnvironment {
  readonly nodeVersion: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly gatewayUrl: string;
}

/** What this shell would give to an app that is started from it. */
export function checkApp({ nodeVersion, env, gatewayUrl }: AppEnvironment): Finding[] {
  return [checkNode(nodeVersion), ...checkSdkSwitches(env), checkEndpoint(env, gatewayUrl)];
}

function checkNode(nodeVersion: string): Finding {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, "").split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return { station: "app", verdict: "ok", what: `Node ${nodeVersion}` };
  return { station: "app", verdict: "problem", what: `Node ${nodeVersion} is too old`, next: "use Node 20.19 or newer" };
}

/** Variables of the OpenTelemetry specification that silence an app without a word. */
const SILENCERS: readonly { readonly name: string; readonly silences: (value: string) => boolean }[] = [
  { name: "OTEL_SDK_DISABLED", silences: (value) => value.toLowerCase() === "true" },
  { name: "OTEL_TRACES_EXPORTER", silences: (value) => !value.split(",").includes("otlp") },
  { name: "OTEL_TRACES_SAMPLER", silences: (value) => value === "always_off" || value.includes("traceidratio") },
];

function checkSdkSwitches(env: AppEnvironment["env"]): Finding[] {
  return SILENCERS.flatMap(({ name, silences }) => {
    const value = env[name];
    if (value === undefined || value === "" || !silences(value)) return [];
    return [
      {
        station: "app" as const,
        verdict: "warning" as const,
        what: `${name}=${value} is set in this shell: an app started from it sends no spans, or only some`,
        next: `unset ${name}`,
      },
    ];
  });
}

function checkEndpoint(env: AppEnvironment["env"], gatewayUrl: string): Finding {
  const endpoint = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] ?? env["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (endpoint === undefined) {
    return { station: "app", verdict: "ok", what: "no OTEL_EXPORTER_OTLP_ENDPOINT here: apps send to http://localhost:4318, the default" };
  }
  if (sameServer(endpoint, gatewayUrl)) return { station: "app", verdict: "ok", what: `OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}` };
  return {
    station: "app",
    verdict: "warning",
    what: `OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint} in this shell is not the gateway that was checked (${gatewayUrl})`,
    next: "right if a Collector stands between and forwards to the gateway; otherwise point it at the gateway, or pass --gateway",
  };
}

function sameServer(a: string, b: string): boolean {
  try {
    const [first, second] = [new URL(a), new URL(b)];
    const host = (url: URL): string => (url.hostname === "localhost" || url.hostname === "[::1]" ? "127.0.0.1" : url.hostname);
    return host(first) === host(second);
  } catch {
    return false;
  }
}
