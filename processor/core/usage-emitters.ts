/** What an instrumentation makes of a provider's counts. */
interface EmitterRow {
  /** Beginning of the scope's name. */
  readonly scope: string;
  /** For providers that count cached tokens apart (Anthropic, Bedrock): does this emitter add them to the input, as the convention asks? */
  readonly input?: "inclusive" | "exclusive";
  /** Last version that is exclusive; later ones are inclusive. */
  readonly exclusiveUntil?: string;
  /** Of Gemini it sends the candidates as the output and leaves the thoughts out. */
  readonly candidatesOnly?: true;
  /** It sends no cache counts, so that what it sends is a lower bound for these providers. */
  readonly cacheUnseen?: true;
}

/**
 * Read in the emitters' sources or seen in recorded traces (2026-11). A scope that is not listed follows the convention:
 * "SHOULD include all types of input tokens, including cached tokens" (gen_ai.usage.input_tokens).
 */
const EMITTERS: readonly EmitterRow[] = [
  { scope: "com.anthropic.sdk.", input: "inclusive" },
  { scope: "@traceloop/instrumentation-anthropic", exclusiveUntil: "0.27.0" },
  { scope: "@traceloop/instrumentation-bedrock", exclusiveUntil: "0.27.0" },
  { scope: "@traceloop/instrumentation-google-generativeai", candidatesOnly: true },
  { scope: "@traceloop/instrumentation-vertexai", candidatesOnly: true },
  { scope: "opentelemetry.instrumentation.anthropic", input: "inclusive" },
  { scope: "opentelemetry.instrumentation.google_generativeai", candidatesOnly: true },
  { scope: "opentelemetry.instrumentation.vertexai", candidatesOnly: true },
  { scope: "opentelemetry.instrumentation.botocore", input: "exclusive", cacheUnseen: true },
  { scope: "@opentelemetry/instrumentation-aws-sdk", input: "exclusive", cacheUnseen: true },
  { scope: "io.opentelemetry.aws-sdk-", input: "exclusive", cacheUnseen: true },
  { scope: "opentelemetry.instrumentation.genai.", input: "inclusive" },
  { scope: "opentelemetry.instrumentation.google_genai", input: "inclusive" },
  { scope: "opentelemetry.util.genai", input: "inclusive" },
  { scope: "@arizeai/openinference-instrumentation-bedrock", input: "exclusive" },
  // Up to 0.1.5x it passed the provider's input on, and with it a total that adds the cache up, which decides before.
  { scope: "openinference.instrumentation.bedrock", input: "inclusive" },
  { scope: "openinference.instrumentation.anthropic", input: "inclusive" },
  { scope: "openinference.instrumentation.", input: "inclusive" },
  { scope: "@arizeai/openinference-instrumentation-", input: "inclusive" },
  { scope: "@openlit/instrumentation-anthropic", input: "exclusive" },
  { scope: "@openlit/instrumentation-bedrock", input: "exclusive" },
  { scope: "openlit.instrumentation.anthropic", input: "exclusive" },
  { scope: "openlit.instrumentation.bedrock", input: "exclusive" },
  { scope: "github.com/grafana/sigil", input: "exclusive", candidatesOnly: true },
  { scope: "github.com/grafana/agento11y", input: "exclusive", candidatesOnly: true },
  { scope: "@mastra/", input: "inclusive" },
  { scope: "strands.telemetry.tracer", input: "inclusive" },
  { scope: "strands-agents", input: "inclusive" },
  { scope: "opentelemetry.instrumentation.ag2", input: "exclusive", candidatesOnly: true },
  { scope: "pydantic-ai", input: "inclusive" },
  { scope: "logfire", input: "inclusive" },
  { scope: "litellm", input: "inclusive" },
  { scope: "mlflow.tracing.provider", input: "inclusive" },
  { scope: "org.springframework.", input: "exclusive", cacheUnseen: true },
  { scope: "langsmith", input: "inclusive" },
];

/** Scopes too short to be the beginning of anything. "ai" is exclusive up to v5; v6 and later send noCacheTokens, which decides before. */
const EXACT: ReadonlyMap<string, EmitterRow> = new Map([
  ["ai", { scope: "ai", input: "exclusive" }],
  ["gen_ai", { scope: "gen_ai", input: "inclusive" }],
  // Our own instrumentation reads the provider's answer.
  ["genai-otel", { scope: "genai-otel", input: "inclusive" }],
]);

export interface Emitter {
  readonly input: "inclusive" | "exclusive" | "unknown";
  readonly candidatesOnly: boolean;
  readonly cacheUnseen: boolean;
}

/** Known by its attributes: its scope is Spring Boot's. */
export const SPRING_AI: Emitter = { input: "exclusive", candidatesOnly: false, cacheUnseen: false };

const UNKNOWN: Emitter = { input: "unknown", candidatesOnly: false, cacheUnseen: false };

/** Where the row says it for every version: made once. */
interface Known {
  readonly row: EmitterRow;
  readonly emitter: Emitter;
}

/** All rows begin with so many letters, by which the few that a scope is compared with are found. */
const BEGINNING_LENGTH = Math.min(...EMITTERS.map(({ scope }) => scope.length));
const BY_BEGINNING: ReadonlyMap<string, readonly Known[]> = new Map(
  EMITTERS.map(({ scope }) => scope.slice(0, BEGINNING_LENGTH)).map((beginning) => [
    beginning,
    EMITTERS.filter(({ scope }) => scope.startsWith(beginning)).map(knownOf),
  ]),
);
const BY_SCOPE: ReadonlyMap<string, Known> = new Map([...EXACT].map(([scope, row]) => [scope, knownOf(row)]));

/** Known by its scope; without a version it is taken for the last one that was seen. */
export function emitterOf(scope: string | undefined, version: string | undefined): Emitter {
  if (scope === undefined || scope === "") return UNKNOWN;
  const known = BY_SCOPE.get(scope) ?? BY_BEGINNING.get(scope.slice(0, BEGINNING_LENGTH))?.find(({ row }) => scope.startsWith(row.scope));
  if (known === undefined) return UNKNOWN;
  const { exclusiveUntil } = known.row;
  if (exclusiveUntil === undefined) return known.emitter;
  return { ...known.emitter, input: isAfter(version, exclusiveUntil) ? "inclusive" : "exclusive" };
}

function knownOf(row: EmitterRow): Known {
  const { input = "unknown", candidatesOnly = false, cacheUnseen = false } = row;
  return { row, emitter: { input, candidatesOnly, cacheUnseen } };
}

function isAfter(version: string | undefined, last: string): boolean {
  if (version === undefined) return false;
  const [a, b] = [numbersOf(version), numbersOf(last)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function numbersOf(version: string): number[] {
  return version.split(/[.+-]/, 3).map(Number);
}
