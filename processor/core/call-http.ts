import { modelEndpointOf, splitAddress, type ModelEndpoint, type ModelEndpointRow } from "./model-endpoint.ts";
import { canonicalProvider } from "./provider.ts";
import { SPAN_KIND, STATUS, type Attributes, type AttributeValue, type Span } from "./span.ts";

/** An HTTP client span that asks a model. */
export interface HttpCall {
  readonly endpoint: ModelEndpoint;
  /** Who serves it, by the convention's name; "" when unknown. */
  readonly provider: string;
  /** Host and path: attempts of one call go to the same address. */
  readonly address: string;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly failed: boolean;
  readonly errorType: string;
  /** Earlier attempts by the request's own header or attribute; -1 when unknown. */
  readonly resendCount: number;
}

/** Keys of the HTTP conventions, stable and pre-1.23 (opentelemetry-python httpx still writes the old ones by default). */
export const HTTP_KEYS = [
  "http.request.method",
  "http.method",
  "http.response.status_code",
  "http.status_code",
  "url.full",
  "http.url",
  "url.path",
  "http.target",
  "server.address",
  "server.port",
  "net.peer.name",
  "http.host",
  "http.request.resend_count",
  "http.request.header.x-stainless-retry-count",
  "error.type",
  // Micrometer's (Spring Framework ClientHttpObservationDocumentation); `client.name` tells its `method` from anybody's.
  "client.name",
  "method",
  "status",
] as const;

const ADDRESS_MAX = 256;
const ERROR_TYPE_MAX = 64;

/** Where a request goes, and what is asked there. */
export interface RequestPlace {
  readonly endpoint: ModelEndpoint;
  readonly provider: string;
  /** Host and path. */
  readonly address: string;
}

/** What the table said of the latest addresses; null where one is no model's. */
export type KnownPlaces = Map<string, RequestPlace | null>;

/** Reads a client span to a model endpoint; null for every other span. Only POST asks a model. */
export function readHttpCall(span: Span, rows: readonly ModelEndpointRow[], known: KnownPlaces): HttpCall | null {
  const { attributes } = span;
  const method = attributes["http.request.method"] ?? attributes["http.method"] ?? micrometers(attributes, "method");
  if (method !== "POST" || span.kind === SPAN_KIND.server) return null;
  const address = addressOf(attributes);
  const place = address === null ? null : placeOf(address, rows, known);
  if (place === null) return null;
  const answered = attributes["http.response.status_code"] ?? attributes["http.status_code"] ?? micrometers(attributes, "status");
  const status = statusOf(answered);
  return {
    endpoint: place.endpoint,
    provider: place.provider,
    address: place.address,
    status,
    failed: status === 0 || status >= 400 || span.statusCode === STATUS.error,
    errorType: errorTypeOf(attributes["error.type"]),
    resendCount: resendCountOf(attributes),
  };
}

function micrometers(attributes: Attributes, key: "method" | "status"): AttributeValue | undefined {
  return attributes["client.name"] === undefined ? undefined : attributes[key];
}

/** The same few addresses come again and again: one look-up, 60 ns, instead of a dozen patterns, 650 ns. */
function placeOf(address: string, rows: readonly ModelEndpointRow[], known: KnownPlaces): RequestPlace | null {
  // Rows belong to the caller, not to the memory that the answers are kept in.
  if (rows.length > 0) return findPlace(address, rows);
  const before = known.get(address);
  if (before !== undefined) return before;
  const place = findPlace(address, rows);
  if (known.size >= PLACES_MAX) known.clear();
  if (address.length <= ADDRESS_MAX) known.set(address, place);
  return place;
}

/** Addresses with an id in them are no two alike, so they must not fill the memory. */
const PLACES_MAX = 1_000;

function findPlace(address: string, rows: readonly ModelEndpointRow[]): RequestPlace | null {
  const endpoint = modelEndpointOf(address, rows);
  if (endpoint === null) return null;
  const { host, path } = splitAddress(address);
  return { endpoint, provider: canonicalProvider(endpoint.provider) ?? "", address: `${host}${path}`.slice(0, ADDRESS_MAX) };
}

function addressOf(attributes: Attributes): string | null {
  const full = attributes["url.full"] ?? attributes["http.url"];
  if (typeof full === "string") return full;
  const host = attributes["server.address"] ?? attributes["net.peer.name"] ?? attributes["http.host"];
  const path = attributes["url.path"] ?? attributes["http.target"];
  return typeof host === "string" && typeof path === "string" ? host + path : null;
}

function errorTypeOf(value: AttributeValue | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value).slice(0, ERROR_TYPE_MAX) : "";
}

function statusOf(value: AttributeValue | undefined): number {
  const status = numberOf(value);
  return Number.isInteger(status) && status > 0 ? status : 0;
}

/** Maps have no prototype here, and cannot be converted. */
function numberOf(value: AttributeValue | undefined): number {
  return typeof value === "number" || (typeof value === "string" && value !== "") ? Number(value) : Number.NaN;
}

/** Instrumentations record a header as a list of its values. */
function resendCountOf(attributes: Attributes): number {
  const header = attributes["http.request.header.x-stainless-retry-count"];
  const first = Array.isArray(header) ? header[0] : (header ?? attributes["http.request.resend_count"]);
  const count = numberOf(first);
  return Number.isSafeInteger(count) && count >= 0 ? count : -1;
}
