import { createContextKey, INVALID_SPAN_CONTEXT, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import type { Context } from "@opentelemetry/api";
import { LayeredContext } from "../exchange/layered-context.ts";
import type { CallPlace, ModelCall } from "./model-call.ts";

const CALL_PLACE = createContextKey("genai-otel call");
const SPAN = spanKey();

/** The context in which a call is sent: the caller's, with the call's span and its place. */
export function callContext(place: CallPlace): Context {
  return new LayeredContext(new LayeredContext(place.caller, SPAN, place.span), CALL_PLACE, place);
}

/**
 * The context of whoever makes a request. What a client's sockets and timers call back may run in the context of a call of ours,
 * and makes its next attempt or another call there: beside that call, not below it. While its attempt is out it is another
 * client below a fetch that we watch, the transport of that very call: then undefined.
 */
export function callerOf(active: Context): Context | undefined {
  const place = active.getValue(CALL_PLACE) as CallPlace | undefined;
  if (place === undefined || trace.getSpan(active) !== place.span) return active;
  return place.call?.state === "running" ? undefined : place.caller;
}

/** The call in whose context something runs that was begun for one of its attempts. */
export function callOut(active: Context): ModelCall | undefined {
  return (active.getValue(CALL_PLACE) as CallPlace | undefined)?.call;
}

/** The API keeps its key to itself, but gives it to whatever context a span is set in. */
function spanKey(): symbol {
  let key = CALL_PLACE;
  const listener: Context = {
    getValue: () => undefined,
    setValue(asked) {
      key = asked;
      return ROOT_CONTEXT;
    },
    deleteValue: () => ROOT_CONTEXT,
  };
  trace.setSpan(listener, trace.wrapSpanContext(INVALID_SPAN_CONTEXT));
  return key;
}
