import { metrics, ProxyTracerProvider, SpanKind, trace } from "@opentelemetry/api";
import type { Attributes, Context, MeterProvider, Span, Tracer, TracerProvider } from "@opentelemetry/api";
import { callMetrics } from "./call/call-metrics.ts";
import { callTracker } from "./call/call-tracker.ts";
import type { CallTracker } from "./call/call-tracker.ts";
import type { EndpointConfig } from "./call/model-target.ts";
import { SCOPE_NAME } from "./call/sdk-span.ts";
import { mayBeModelCall } from "./exchange/address.ts";
import type { Untap } from "./exchange/exchange.ts";
import { tapFetch } from "./exchange/fetch-tap.ts";
import { guarded } from "./exchange/guarded.ts";
import { tapHttp2 } from "./exchange/http2-tap.ts";
import { tapHttp } from "./exchange/http-tap.ts";
import { tapUndici } from "./exchange/undici-tap.ts";
import { VERSION } from "./version.ts";

export interface GenAiInstrumentationConfig {
  readonly enabled?: boolean;
  /** Model endpoints beside those that are known: own servers, proxies, gateways. */
  readonly endpoints?: readonly EndpointConfig[];
  /** Keep the text of prompts and answers on the spans, up to 16 KiB each. Off unless said. */
  readonly captureMessageContent?: boolean;
}

const NO_ENDPOINTS: readonly EndpointConfig[] = [];

/** What this process may have only once, whatever number of copies of the package it loads. */
const TAPPED = Symbol.for("genai-otel.instrumentation.tapped");

/**
 * Sees every call of a model in this process, whatever SDK makes it, by the HTTP exchange that all of them share. Give it to
 * `registerInstrumentations` or NodeSDK; add `spanProcessor` to the provider's processors too if SDK-level or HTTP
 * instrumentations are on, so that neither a call nor a request gets two spans.
 */
export class GenAiInstrumentation {
  readonly instrumentationName = SCOPE_NAME;
  readonly instrumentationVersion = VERSION;
  readonly spanProcessor: ForeignSpanProcessor;
  readonly #tracker: CallTracker;
  #config: GenAiInstrumentationConfig;
  #tracers: TracerProvider | undefined;
  #meters: MeterProvider | undefined;
  #untaps: Untap[] = [];

  constructor(config: GenAiInstrumentationConfig = {}) {
    this.#config = config;
    const scope = { name: SCOPE_NAME, version: VERSION };
    const recordMetrics = callMetrics(() => this.#meters ?? metrics.getMeterProvider(), scope);
    this.#tracker = callTracker({
      tracer: tracerOf(() => this.#tracers ?? trace.getTracerProvider(), scope),
      captureContent: () => this.#config.captureMessageContent === true,
      endpoints: () => this.#config.endpoints ?? NO_ENDPOINTS,
      onCallEnd: (call, outcome, attributes) => guarded("recording metrics", () => recordMetrics(call, outcome, attributes)),
    });
    this.spanProcessor = foreignSpanProcessor(this.#tracker);
    if (config.enabled !== false) this.enable();
  }

  /** Twice in one process would make two spans of every call: the second does nothing. */
  enable(): void {
    const shared = globalThis as { [TAPPED]?: unknown };
    if (this.#untaps.length > 0 || shared[TAPPED] !== undefined) return;
    shared[TAPPED] = this;
    const options = {
      observe: (request: Parameters<CallTracker["observe"]>[0]) => this.#tracker.observe(request),
      mayBeModelCall: this.#mayBeModelCall,
    };
    this.#untaps = [tapFetch(options), tapUndici(options), tapHttp(options), tapHttp2(options)];
  }

  disable(): void {
    for (const untap of this.#untaps.toReversed()) untap();
    this.#untaps = [];
    this.#tracker.close();
    const shared = globalThis as { [TAPPED]?: unknown };
    if (shared[TAPPED] === this) delete shared[TAPPED];
  }

  /** Ends the spans of all calls, also of those that are under way: before the export that is the last. */
  endAll(): void {
    this.#tracker.close();
  }

  hasOpenCalls(): boolean {
    return this.#tracker.hasOpenCalls();
  }

  setTracerProvider(provider: TracerProvider): void {
    this.#tracers = provider;
  }

  setMeterProvider(provider: MeterProvider): void {
    this.#meters = provider;
  }

  setConfig(config: GenAiInstrumentationConfig): void {
    this.#config = config;
  }

  getConfig(): GenAiInstrumentationConfig {
    return this.#config;
  }

  readonly #mayBeModelCall = (address: string): boolean =>
    mayBeModelCall(address) || (this.#config.endpoints?.some(({ path }) => path.test(address)) ?? false);
}

/** The tracer of whichever provider is in place, which an application may set late and tests set anew. */
function tracerOf(provider: () => TracerProvider, { name, version }: { readonly name: string; readonly version: string }): () => Tracer {
  let known: Tracer | undefined;
  let knownOf: TracerProvider | undefined;
  return () => {
    const current = provider();
    const delegate = current instanceof ProxyTracerProvider ? current.getDelegate() : current;
    if (known === undefined || knownOf !== delegate) {
      knownOf = delegate;
      known = delegate.getTracer(name, version);
    }
    return known;
  };
}

/** A span processor of both lines of the SDK (2.x, 3.x). */
export interface ForeignSpanProcessor {
  onStart(span: StartedSpan, parentContext: Context): void;
  onEnd(span: { spanContext(): { readonly spanId: string } }): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** What is read of an SDK's span when it starts. */
type StartedSpan = Span & {
  readonly kind?: SpanKind;
  readonly attributes?: Readonly<Attributes>;
  readonly instrumentationScope?: { readonly name?: string };
  readonly parentSpanContext?: { readonly spanId: string };
};

/** Notes the HTTP spans that other instrumentations start below our calls: then we make none. */
function foreignSpanProcessor(tracker: CallTracker): ForeignSpanProcessor {
  return {
    onStart(span) {
      if (span.kind !== SpanKind.CLIENT || span.instrumentationScope?.name === SCOPE_NAME) return;
      const parent = span.parentSpanContext?.spanId ?? "";
      const method = span.attributes?.["http.request.method"] ?? span.attributes?.["http.method"];
      if (method !== undefined) guarded("noting an HTTP span", () => tracker.foreignHttpSpan(parent, span));
    },
    onEnd(span) {
      guarded("noting an end", () => tracker.foreignSpanEnded(span.spanContext().spanId));
    },
    forceFlush: () => Promise.resolve(tracker.flush()),
    shutdown: () => Promise.resolve(tracker.close()),
  };
}
