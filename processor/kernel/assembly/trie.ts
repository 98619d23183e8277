import { EDGE_SLOTS, EDGE_SLOTS_COUNT, EDGES, EDGES_BYTES, STATE_BYTES, STATES, STATES_MAX } from "./layout.ts";
import { hashText, sameText } from "./text.ts";

/*
 * What spans look like, as paths: a state for everything that two spans may have had so far and still become one shape, and
 * edges for what may come next. Attributes that nobody reads lead to side states, which are worth their node in all but
 * guesses: without them, no state would know what comes next after such an attribute.
 */

/** The whole field as it stands: name, kind, status, scope, an attribute whose value is part of the shape. */
export const LITERAL: u8 = 0;
/** An attribute of that key whose value is a number, whichever. */
export const NUMBER: u8 = 1;
/** An attribute of that key, whatever its value. */
export const PRESENCE: u8 = 2;
/** One that nobody reads. */
export const SKIP: u8 = 3;

/** A state's record: node (itself, if it is no side state), shape (-1: no span ends here), edges that were taken lately. */
const NODE: usize = 0;
const SHAPE: usize = 4;
const GUESSES: usize = 8;

/** An edge's record: u8 kind, i8 index of a written key, u16 length of its text, target, origin, u16 place of the value, text. */
const EDGE_TARGET: usize = 4;
const EDGE_ORIGIN: usize = 8;
const EDGE_VALUE: usize = 12;
const EDGE_TEXT: usize = 16;
const EDGE_TEXT_BYTES_MAX: usize = 512;

/** More than random hashes ever need in a table that is half full; what a client chose to collide is not found. */
const PROBES_MAX: i32 = 64;
/** Of states, and of memory for edges: side states must not take what shapes need. */
const SIDE_SHARE: usize = 2;

let stateCount: i32 = 0;
let edgesEnd: usize = EDGES;
/** Something did not fit. */
export let full: bool = false;

/** Where scopes begin. */
export const START: usize = STATES;

export function emptyTrie(): void {
  memory.fill(EDGE_SLOTS, 0, (<usize>EDGE_SLOTS_COUNT) << 2);
  stateCount = 0;
  edgesEnd = EDGES;
  full = false;
  addState(0);
}

/** `node` 0: one of its own. Answers 0 where there is no room. */
function addState(node: usize): usize {
  if (stateCount == STATES_MAX) return 0;
  const state = STATES + <usize>stateCount * STATE_BYTES;
  stateCount += 1;
  memory.fill(state, 0, STATE_BYTES);
  store<u32>(state, <u32>(node == 0 ? state : node), NODE);
  store<i32>(state, -1, SHAPE);
  return state;
}

export function nodeOf(state: usize): usize {
  return load<u32>(state, NODE);
}

export function shapeOf(state: usize): i32 {
  return load<i32>(nodeOf(state), SHAPE);
}

export function setShape(state: usize, shape: i32): void {
  store<i32>(nodeOf(state), shape, SHAPE);
}

export function kindOf(edge: usize): u8 {
  return load<u8>(edge);
}

export function writtenOf(edge: usize): i32 {
  return load<i8>(edge, 1);
}

export function lengthOf(edge: usize): usize {
  return load<u16>(edge, 2);
}

export function targetOf(edge: usize): usize {
  return load<u32>(edge, EDGE_TARGET);
}

/** Where a literal's AnyValue begins, from its first byte. */
export function valueOf(edge: usize): usize {
  return load<u16>(edge, EDGE_VALUE);
}

export function textOf(edge: usize): usize {
  return edge + EDGE_TEXT;
}

/** The edge that is guessed at `place`, from 0 to GUESSES_COUNT; 0: none, nor behind it. */
export function guessOf(state: usize, place: i32): usize {
  return load<u32>(state + ((<usize>place) << 2), GUESSES);
}

export const GUESSES_COUNT: i32 = 4;

/** Makes it the first guess; the last one is forgotten. */
function guess(state: usize, edge: usize): void {
  v128.store(
    state,
    i32x4.replace_lane(v128.shuffle<i32>(v128.load(state, GUESSES), v128.load(state, GUESSES), 0, 0, 1, 2), 0, <i32>edge),
    GUESSES,
  );
}

/** Side states have edges of their own only to other side states. */
function originOf(state: usize, kind: u8): usize {
  return kind == SKIP ? state : nodeOf(state);
}

function slotOf(origin: usize, kind: u8, text: usize, length: usize): u32 {
  return hashText(text, length, ((<u64>origin) << 8) | kind);
}

/** The edge with that text, which is guessed first from now on; 0 where there is none. */
export function findEdge(state: usize, kind: u8, text: usize, length: usize): usize {
  const origin = originOf(state, kind);
  let slot = slotOf(origin, kind, text, length);
  for (let probe = 0; probe < PROBES_MAX; probe++, slot++) {
    const edge: usize = load<u32>(EDGE_SLOTS + ((slot & (EDGE_SLOTS_COUNT - 1)) << 2));
    if (edge == 0) return 0;
    if (load<usize>(edge, EDGE_ORIGIN) != origin || kindOf(edge) != kind || lengthOf(edge) != length) continue;
    if (!sameText(textOf(edge), text, length)) continue;
    guess(state, edge);
    return edge;
  }
  return 0;
}

/** Adds an edge and the state that it leads to. Answers 0 where there is no room. */
export function addEdge(state: usize, kind: u8, text: usize, length: usize): usize {
  const share = kind == SKIP ? SIDE_SHARE : 1;
  const next = (edgesEnd + EDGE_TEXT + length + 15) & ~(<usize>15);
  if (length > EDGE_TEXT_BYTES_MAX) return 0;
  const slot = freeSlot(slotOf(originOf(state, kind), kind, text, length));
  if (slot == 0 || next > EDGES + EDGES_BYTES / share || <usize>stateCount >= <usize>STATES_MAX / share) {
    full = true;
    return 0;
  }
  const edge = edgesEnd;
  edgesEnd = next;
  store<u8>(edge, kind);
  store<i8>(edge, -1, 1);
  store<u16>(edge, <u16>length, 2);
  store<u32>(edge, <u32>addState(kind == SKIP ? nodeOf(state) : 0), EDGE_TARGET);
  store<u32>(edge, <u32>originOf(state, kind), EDGE_ORIGIN);
  store<u16>(edge, 0, EDGE_VALUE);
  memory.copy(textOf(edge), text, length);
  store<u32>(slot, <u32>edge);
  guess(state, edge);
  return edge;
}

/** Says which written key the edge's attribute has, and where in a literal its value begins. */
export function markEdge(edge: usize, writtenIndex: i8, value: usize): void {
  store<i8>(edge, writtenIndex, 1);
  store<u16>(edge, <u16>value, EDGE_VALUE);
}

/** 0 where too many stand in the way. */
function freeSlot(hash: u32): usize {
  let slot = hash;
  for (let probe = 0; probe < PROBES_MAX; probe++, slot++) {
    const at = EDGE_SLOTS + ((slot & (EDGE_SLOTS_COUNT - 1)) << 2);
    if (load<u32>(at) == 0) return at;
  }
  return 0;
}
