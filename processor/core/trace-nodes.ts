import type { TraceNode } from "./trace-memory.ts";

/** Up to here a search compares ids one by one, which is faster than hashing them; most traces stay below it. */
const SEARCHED_MAX = 16;

/**
 * The spans of one trace by id. An array, and an index only for the trace that outgrows it: a Map for each of thousands of
 * small traces would be copied by the garbage collector twice and then dropped.
 */
export class TraceNodes {
  private readonly nodes: TraceNode[];
  private index: Map<string, TraceNode> | null = null;

  constructor(first: TraceNode) {
    // A literal has room for just what is in it; the first push to an empty array makes room for seventeen.
    this.nodes = [first];
  }

  get size(): number {
    return this.nodes.length;
  }

  get(spanId: string): TraceNode | undefined {
    if (this.index !== null) return this.index.get(spanId);
    const { nodes } = this;
    for (let at = 0; at < nodes.length; at += 1) if (nodes[at]?.spanId === spanId) return nodes[at];
    return undefined;
  }

  has(spanId: string): boolean {
    return this.get(spanId) !== undefined;
  }

  /** The caller has looked that the id is new. */
  add(node: TraceNode): void {
    this.nodes.push(node);
    if (this.index !== null) this.index.set(node.spanId, node);
    else if (this.nodes.length > SEARCHED_MAX) this.index = new Map(this.nodes.map((known) => [known.spanId, known]));
  }
}
