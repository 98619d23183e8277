import { tagOf, WIRE_TYPE } from "./wire-reader.ts";

/** Fields of Span and of the messages in it (opentelemetry/proto/trace/v1/trace.proto); those not named here are passed over. */
export const SPAN = {
  traceId: tagOf(1, WIRE_TYPE.length),
  spanId: tagOf(2, WIRE_TYPE.length),
  parentSpanId: tagOf(4, WIRE_TYPE.length),
  name: tagOf(5, WIRE_TYPE.length),
  kind: tagOf(6, WIRE_TYPE.varint),
  start: tagOf(7, WIRE_TYPE.fixed64),
  end: tagOf(8, WIRE_TYPE.fixed64),
  attributes: tagOf(9, WIRE_TYPE.length),
  events: tagOf(11, WIRE_TYPE.length),
  links: tagOf(13, WIRE_TYPE.length),
  status: tagOf(15, WIRE_TYPE.length),
} as const;
export const EVENT = {
  time: tagOf(1, WIRE_TYPE.fixed64),
  name: tagOf(2, WIRE_TYPE.length),
  attributes: tagOf(3, WIRE_TYPE.length),
} as const;
export const LINK = {
  traceId: tagOf(1, WIRE_TYPE.length),
  spanId: tagOf(2, WIRE_TYPE.length),
  attributes: tagOf(4, WIRE_TYPE.length),
} as const;
export const STATUS_FIELD = { message: tagOf(2, WIRE_TYPE.length), code: tagOf(3, WIRE_TYPE.varint) } as const;

/** Wire type of each field, by number: a receiver in Go refuses the request where another stands. */
export const SPAN_WIRE_TYPES: readonly number[] = [-1, 2, 2, 2, 2, 2, 0, 1, 1, 2, 0, 2, 0, 2, 0, 2, 5];
export const EVENT_WIRE_TYPES: readonly number[] = [-1, 1, 2, 2, 0];
export const LINK_WIRE_TYPES: readonly number[] = [-1, 2, 2, 2, 2, 0, 5];
export const STATUS_WIRE_TYPES: readonly number[] = [-1, -1, 2, 0];
