/** Tags of Span's fields (opentelemetry/proto/trace/v1/trace.proto). All but the last take one byte. */
export const TRACE_ID_TAG: u8 = 0x0a;
export const SPAN_ID_TAG: u8 = 0x12;
export const TRACE_STATE_TAG: u8 = 0x1a;
export const PARENT_ID_TAG: u8 = 0x22;
export const NAME_TAG: u8 = 0x2a;
export const KIND_TAG: u8 = 0x30;
export const START_TAG: u8 = 0x39;
export const END_TAG: u8 = 0x41;
export const ATTRIBUTES_TAG: u8 = 0x4a;
export const DROPPED_ATTRIBUTES_TAG: u8 = 0x50;
export const EVENTS_TAG: u8 = 0x5a;
export const DROPPED_EVENTS_TAG: u8 = 0x60;
export const DROPPED_LINKS_TAG: u8 = 0x70;
export const STATUS_TAG: u8 = 0x7a;
/** Field 16, fixed32, as the machine reads its two bytes. */
export const FLAGS_TAG: u16 = 0x0185;

export const STATUS_MESSAGE_TAG: u8 = 0x12;
export const STATUS_CODE_TAG: u8 = 0x18;
/** StatusCode. */
export const STATUS_ERROR: u8 = 2;

export const TRACE_ID_LENGTH: usize = 16;
export const SPAN_ID_LENGTH: usize = 8;
