import type { Finding } from "./finding.ts";

const ANSWER_MS_MAX = 3000;

/** Asks the gateway's health, readiness and whether spans get in. */
export async function checkGateway(gatewayUrl: string, readToken: string | undefined): Promise<Finding[]> {
  const health = await ask(`${gatewayUrl}/healthz`, undefined);
  if (health.status === null) {
    return [
      {
        station: "gateway",
        verdict: "problem",
        what: `no gateway answers at ${gatewayUrl} (${health.text})`,
        next: "start one with `genai-otel serve`, or say where it is with --gateway URL",
      },
    ];
  }
  if (health.status === 404) {
    return [
      {
        station: "gateway",
        verdict: "problem",
        what: `what answers at ${gatewayUrl} is no genai-otel gateway (a Collector, perhaps)`,
        next: "say where the gateway is with --gateway URL; a Collector can send to it with its otlphttp exporter",
      },
    ];
  }
  const ready = await ask(`${gatewayUrl}/readyz`, undefined);
  return [
    { station: "gateway", verdict: "ok", what: `a gateway answers at ${gatewayUrl}` },
    ready.status === 200
      ? { station: "gateway", verdict: "ok", what: "every sink takes spans" }
      : {
          station: "gateway",
          verdict: "problem",
          what: `it is not ready: ${shortened(ready.text)}`,
          next: "look at its log for the sink that is away; spans wait in the spool until then",
        },
    await checkIngest(gatewayUrl, readToken),
  ];
}

async function checkIngest(gatewayUrl: string, readToken: string | undefined): Promise<Finding> {
  const metrics = await ask(`${gatewayUrl}/metrics`, readToken);
  if (metrics.status === 401) {
    return { station: "gateway", verdict: "unchecked", what: "its metrics need a token", next: "pass a read token with --token" };
  }
  const received = sumOf(metrics.text, "genai_otel_spans_received_total");
  const refused = sumOf(metrics.text, "genai_otel_spans_refused_total");
  if (received === 0) {
    return {
      station: "gateway",
      verdict: "problem",
      what: "it has received no span since it started",
      next: `start an app with \`OTEL_EXPORTER_OTLP_ENDPOINT=${gatewayUrl} node --import genai-otel/register app.js\``,
    };
  }
  if (refused > 0) {
    return {
      station: "gateway",
      verdict: "warning",
      what: `${received} spans received, ${refused} refused`,
      next: "genai_otel_spans_refused_total in /metrics says for which reasons",
    };
  }
  return { station: "gateway", verdict: "ok", what: `${received} spans received, none refused` };
}

interface Answer {
  /** null: nobody answered. */
  readonly status: number | null;
  readonly text: string;
}

async function ask(url: string, token: string | undefined): Promise<Answer> {
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { status: null, text: cause instanceof Error ? cause.message || cause.name : String(cause) };
  }
}

/** Sum of a counter over its labels, in Prometheus' text format. */
function sumOf(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) sum += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return sum;
}

function shortened(text: string): string {
  const oneLine = text.replaceAll(/\s+/g, " ").trim();
  return oneLine.length > 200 ? `${oneLine.slice(0, 200)}…` : oneLine;
}
