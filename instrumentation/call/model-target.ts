import { modelEndpointOf, splitAddress } from "../../processor/core/model-endpoint.ts";
import type { ModelEndpoint, ModelEndpointRow } from "../../processor/core/model-endpoint.ts";
import { knownProvider } from "../../processor/core/provider.ts";
import type { ExchangeRequest, HeaderReader } from "../exchange/exchange.ts";
import type { WireDialect } from "../wire/wire-dialect.ts";
import { FALLBACK_WIRE, WIRES, wireNamed } from "../wire/wires.ts";

/** A model endpoint of the user's own: a proxy, a gateway, a server under an unusual path. */
export interface EndpointConfig extends ModelEndpointRow {
  /** How it speaks, by the name of a wire ("openai-chat", "anthropic-messages", ...); else the path tells, else OpenAI's shape. */
  readonly wire?: string;
}

/** Where a request goes and how what it says is read. */
export interface ModelTarget {
  readonly wire: WireDialect;
  readonly provider: string;
  readonly operation: string;
  /** Model or deployment, where the path holds it. */
  readonly model: string | undefined;
  readonly streamingPath: boolean;
  /** Host and path: what the attempts of one call have in common. */
  readonly key: string;
  readonly serverAddress: string;
  readonly serverPort: number | undefined;
  /** Without the query, which may hold a key. */
  readonly url: string;
}

/** Clients that name themselves, for calls to a proxy or to a server that only they tell apart. */
const CLIENTS: readonly (readonly [RegExp, string])[] = [
  [/^groq\//i, "groq"],
  [/mistral-client|mistralai/i, "mistral_ai"],
  [/^cohere/i, "cohere"],
  [/^ollama/i, "ollama"],
  [/^togetherai\//i, "together"],
  [/^cerebras\//i, "cerebras"],
  [/bedrock-runtime/i, "aws.bedrock"],
];
/** The Vercel AI SDK: `ai/6.0.1 ai-sdk/groq/2.0.4 runtime/node.js/20`. */
const AI_SDK_PROVIDER = /ai-sdk\/([\w-]+)/;
const AZURE_DEPLOYMENT = /\/openai\/deployments\//;
const AZURE_PROVIDER = "azure.ai.openai";
const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** An application asks a few addresses again and again; one with ids in its paths starts over at this number. */
const TARGETS_MAX = 1_000;

/** `modelTargetOf` with a memory: what an address and a client are does not change. */
export function modelTargets(): typeof modelTargetOf {
  const known = new Map<string, { readonly agent: string | undefined; readonly target: ModelTarget | undefined }>();
  let knownFor: readonly EndpointConfig[] | undefined;
  return (request, endpoints) => {
    if (request.method !== "POST") return undefined;
    if (knownFor !== endpoints || known.size >= TARGETS_MAX) known.clear();
    knownFor = endpoints;
    const agent = request.header("user-agent");
    const found = known.get(request.url);
    if (found !== undefined && found.agent === agent) return found.target;
    const target = modelTargetOf(request, endpoints);
    known.set(request.url, { agent, target });
    return target;
  };
}

/** The model that a request is for, or undefined for a request that is none. Only the head of the request is looked at. */
export function modelTargetOf(request: ExchangeRequest, endpoints: readonly EndpointConfig[]): ModelTarget | undefined {
  if (request.method !== "POST") return undefined;
  const { host, path } = splitAddress(request.url);
  const endpoint = modelEndpointOf(request.url, endpoints);
  const client = providerOfClient(request.header);
  if (endpoint === null && client === undefined) return undefined;
  const wire = configuredWire(endpoints, host, path) ?? WIRES.find((row) => row.path.test(path));
  if (wire === undefined && endpoint === null) return undefined;
  return {
    key: `${host}${path}`,
    ...serverOf(request.url, `${host}${path}`),
    ...spokenAt(path, wire ?? FALLBACK_WIRE, endpoint ?? {}, client),
  };
}

function spokenAt(path: string, wire: WireDialect, endpoint: Partial<ModelEndpoint>, client: string | undefined): Spoken {
  const unnamed = client ?? (AZURE_DEPLOYMENT.test(path) ? AZURE_PROVIDER : wire.provider);
  return {
    wire,
    provider: endpoint.provider ?? unnamed,
    operation: wire.operation ?? endpoint.operation ?? "chat",
    model: endpoint.model ?? decoded(wire.path.exec(path)?.groups?.["model"]),
    streamingPath: wire.streamingPath?.test(path) === true,
  };
}

type Spoken = Pick<ModelTarget, "wire" | "provider" | "operation" | "model" | "streamingPath">;

function serverOf(address: string, key: string): Pick<ModelTarget, "serverAddress" | "serverPort" | "url"> {
  const { hostname, port, protocol } = new URL(address);
  return { serverAddress: hostname, serverPort: port === "" ? DEFAULT_PORTS[protocol] : Number(port), url: `${protocol}//${key}` };
}

function configuredWire(endpoints: readonly EndpointConfig[], host: string, path: string): WireDialect | undefined {
  const row = endpoints.find(
    (candidate) => candidate.wire !== undefined && modelEndpointOf(`${host}${path}`, [candidate]) !== null && candidate.path.test(path),
  );
  return row?.wire === undefined ? undefined : wireNamed(row.wire);
}

function providerOfClient(header: HeaderReader): string | undefined {
  const agent = header("user-agent") ?? "";
  const named = CLIENTS.find(([pattern]) => pattern.test(agent))?.[1];
  if (named !== undefined) return named;
  const aiSdk = AI_SDK_PROVIDER.exec(agent)?.[1];
  return aiSdk === undefined ? undefined : knownProvider(aiSdk);
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
