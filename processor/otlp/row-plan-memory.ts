import type { RowKernel } from "../kernel/row-exports.ts";
import { PLAN_STRIDE, type RowPlan } from "./row-plan.ts";

/** Words of a plan, and of each of its values: processor/kernel/assembly/row-fields.ts reads them. */
const PLAN = {
  isTrace: 0,
  isCounted: 1,
  httpStatus: 2,
  valueCount: 3,
  totalAt: 4,
  totalInput: 5,
  totalOutput: 6,
  cacheRead: 7,
  block: 8,
  blockBytes: 9,
  sums: 10,
  fields: 11,
  errorStatus: 12,
  messageAt: 13,
} as const;
const PLAN_WORDS = 14;
const WORD_BYTES = 4;
/** Plans hold doubles, and are copied so many bytes at a time. */
const ALIGNMENT = 16;

/** What rows have in common, where the module that writes them reads it. */
export class RowPlanMemory {
  /** Another one when all addresses that were answered are good no longer. */
  age = 0;
  private readonly bytes: Buffer;
  private readonly end: number;
  private readonly start: number;
  private length: number;
  private isFull = false;

  constructor({ memory, PLANS, PLANS_BYTES_MAX }: Pick<RowKernel, "memory" | "PLANS" | "PLANS_BYTES_MAX">) {
    this.bytes = Buffer.from(memory.buffer);
    this.start = Math.ceil(PLANS.value / ALIGNMENT) * ALIGNMENT;
    this.end = PLANS.value + PLANS_BYTES_MAX.value;
    this.length = this.start;
  }

  /** Starts a request. Where something found no room, all is forgotten. */
  begin(): void {
    if (!this.isFull) return;
    this.isFull = false;
    this.length = this.start;
    this.age += 1;
  }

  /** Fields as they are written; answers their address, 0 where there is no room for them until requests begin anew. */
  addFields(fields: Uint8Array): number {
    const at = this.take(WORD_BYTES + fields.length);
    if (at === 0) return 0;
    this.bytes.writeInt32LE(fields.length, at);
    this.bytes.set(fields, at + WORD_BYTES);
    return at;
  }

  /** The plan of rows of so many fields. */
  addPlan(plan: RowPlan, block: Uint8Array, fields: number): number {
    const { numbers, sums, total, words, httpStatus, errorStatus, messageAt, template, cacheRead } = plan;
    const numbersAt = PLAN_WORDS * WORD_BYTES;
    const sumsAt = align(numbersAt + numbers.byteLength);
    const blockAt = align(sumsAt + sums.byteLength);
    const at = this.take(blockAt + block.length);
    if (at === 0) return 0;
    const header = {
      isTrace: template === null ? 0 : 1,
      isCounted: words === null ? 0 : 1,
      httpStatus: httpStatus ?? -1,
      valueCount: numbers.length / PLAN_STRIDE,
      totalAt: total.at,
      totalInput: total.input,
      totalOutput: total.output,
      cacheRead,
      block: at + blockAt,
      blockBytes: block.length,
      sums: at + sumsAt,
      fields,
      errorStatus: errorStatus ?? -1,
      messageAt,
    } satisfies Record<keyof typeof PLAN, number>;
    for (const [name, word] of Object.entries(PLAN)) this.bytes.writeInt32LE(header[name as keyof typeof PLAN], at + word * WORD_BYTES);
    this.bytes.set(bytesOf(numbers), at + numbersAt);
    this.bytes.set(bytesOf(sums), at + sumsAt);
    this.bytes.set(block, at + blockAt);
    return at;
  }

  private take(bytes: number): number {
    const at = this.length;
    if (at + align(bytes) > this.end) {
      this.isFull = true;
      return 0;
    }
    this.length += align(bytes);
    return at;
  }
}

const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
