import { AsyncLocalStorage } from "node:async_hooks";
import { context, createContextKey } from "@opentelemetry/api";
import type { Context } from "@opentelemetry/api";
import type { ExchangeObserver } from "./exchange.ts";
import { LayeredContext } from "./layered-context.ts";

/** A call of the global fetch, by which undici's requests are known. */
export interface FetchExchange {
  readonly observer: ExchangeObserver;
  /** The body was read at the call site; else it is read while it is sent. */
  readonly bodyKnown: boolean;
  readonly redirect: Request["redirect"];
  /** undici was seen to send it; without that (a mocked fetch) only status and headers are known. */
  seenOnWire: boolean;
  /** The promise is watched and still open: its rejection says more than undici's error, which comes first. */
  promised: boolean;
  /** Neither the answer nor a failure has come: what undici creates now belongs to this exchange. */
  open: boolean;
  /** Told when the request goes out on a connection. */
  sent: (() => void) | undefined;
}

/** A fetch that was looked at and is no call to a model: what it sends need not be looked at again. */
export const NOT_OURS = Symbol("not ours");

type Fetching = FetchExchange | typeof NOT_OURS;

const FETCHING = createContextKey("genai-otel fetch");
/** For an application without a context manager. Used only there: in Node 20 each storage costs every promise of the process. */
const withoutManager = new AsyncLocalStorage<Fetching>();
/** Node's fetch creates its request before it returns: nearly always this is all that is needed. */
let fetching: Fetching | undefined;

/**
 * Calls a fetch in `around`. What it creates at once is known by this call; what it creates later, after a redirect or because a wrapper
 * lies between, by the context.
 */
export function callFetch<Result>(exchange: Fetching, around: Context, call: () => Result): Result {
  return context.with(new LayeredContext(around, FETCHING, exchange), () => {
    const outer = fetching;
    fetching = exchange;
    try {
      const managed = context.active().getValue(FETCHING) === exchange;
      return managed ? call() : withoutManager.run(exchange, call);
    } finally {
      fetching = outer;
    }
  });
}

/** The fetch inside which a request is being created. */
export function currentFetch(): Fetching | undefined {
  return fetching ?? (context.active().getValue(FETCHING) as Fetching | undefined) ?? withoutManager.getStore();
}
