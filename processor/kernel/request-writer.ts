/** What assembly/emission.ts and emission-layout.ts export. */
export interface EmissionExports {
  readonly memory: { readonly buffer: ArrayBufferLike };
  readonly EDITS: Address;
  readonly CUTS: Address;
  readonly GROWTH: Address;
  readonly VALUES: Address;
  readonly TEMPLATES: Address;
  readonly OUT: Address;
  /** Bytes that the request gets; -1: nothing of it changes. */
  planEmission(spans: number, bodyBytes: number, cutsBytes: number): number;
  /** Bytes that were written at OUT. */
  writeOn(): number;
  /** The span whose own bytes come next; -1: none. */
  waitingSpan(): number;
}

interface Address {
  readonly value: number;
}

/** Bytes that are added to spans, of the caller's. */
export type AddedBytes = Uint8Array;

/** Numbers of an edit, one edit for each span, and what they are; assembly/emission.ts reads them. */
const EDIT_STRIDE = 6;
const EDIT_COLUMN = {
  action: 0,
  /** Address of its template; of a span that others write, how many bytes they add. */
  source: 1,
  /** Address of its values; of a span that others write, where in their memory the bytes begin. */
  values: 2,
  /** Addresses of its cuts; those of a template are found by the kernel. */
  cutsFrom: 3,
  cutsEnd: 4,
} as const;
const ACTION = { byTemplate: 1, byOthers: 2, refuse: 3 } as const;

const WORD_BYTES = 4;
const DOUBLE_BYTES = 8;
/** Templates hold doubles. */
const TEMPLATE_ALIGNMENT = 8;

/** Has the kernel write the request that it recognised last, with its spans changed as was noted since `begin`. */
export class RequestWriter {
  private readonly kernel: EmissionExports;
  private readonly out: Uint8Array;
  private readonly edits: Int32Array;
  private readonly cuts: Int32Array;
  private readonly values: Float64Array;
  private readonly templates: Uint8Array;
  private templateBytes = 0;
  /** A template found no room. */
  private full = false;
  private cutWords = 0;

  constructor(kernel: EmissionExports) {
    const { memory, EDITS, CUTS, GROWTH, VALUES, TEMPLATES, OUT } = kernel;
    this.kernel = kernel;
    this.edits = new Int32Array(memory.buffer, EDITS.value, (CUTS.value - EDITS.value) / WORD_BYTES);
    this.cuts = new Int32Array(memory.buffer, CUTS.value, (GROWTH.value - CUTS.value) / WORD_BYTES);
    this.values = new Float64Array(memory.buffer, VALUES.value, (TEMPLATES.value - VALUES.value) / DOUBLE_BYTES);
    this.templates = new Uint8Array(memory.buffer, TEMPLATES.value, OUT.value - TEMPLATES.value);
    this.out = new Uint8Array(memory.buffer, OUT.value);
  }

  /** Starts a request, of whose spans none changes yet. false: all templates are forgotten, because one found no room. */
  begin(spanCount: number): boolean {
    this.edits.fill(0, 0, spanCount * EDIT_STRIDE);
    this.cutWords = 0;
    if (!this.full) return true;
    this.full = false;
    this.templateBytes = 0;
    return false;
  }

  /** Keeps a template; answers its address, 0 where there is no room for it until requests begin anew. */
  addTemplate(bytes: Uint8Array): number {
    const start = this.templateBytes;
    if (start + bytes.length > this.templates.length) {
      this.full = true;
      return 0;
    }
    this.templates.set(bytes, start);
    this.templateBytes = Math.ceil((start + bytes.length) / TEMPLATE_ALIGNMENT) * TEMPLATE_ALIGNMENT;
    return this.templates.byteOffset + start;
  }

  /** A span gets what the template says, with the values from `firstValue` on. */
  fill(span: number, template: number, firstValue: number): void {
    const at = span * EDIT_STRIDE;
    this.edits[at + EDIT_COLUMN.action] = ACTION.byTemplate;
    this.edits[at + EDIT_COLUMN.source] = template;
    this.edits[at + EDIT_COLUMN.values] = this.values.byteOffset + firstValue * DOUBLE_BYTES;
  }

  /** A span gets bytes of the caller's, from `start` to `end` in them, and loses those in `cuts`: pairs of positions in the body. */
  change(span: number, { start, end }: { readonly start: number; readonly end: number }, cuts: readonly number[]): void {
    const at = span * EDIT_STRIDE;
    this.edits[at + EDIT_COLUMN.action] = ACTION.byOthers;
    this.edits[at + EDIT_COLUMN.source] = end - start;
    this.edits[at + EDIT_COLUMN.values] = start;
    this.edits[at + EDIT_COLUMN.cutsFrom] = this.cuts.byteOffset + this.cutWords * WORD_BYTES;
    this.cuts.set(cuts, this.cutWords);
    this.cutWords += cuts.length;
    this.edits[at + EDIT_COLUMN.cutsEnd] = this.cuts.byteOffset + this.cutWords * WORD_BYTES;
  }

  /** A span is cut out. */
  refuse(span: number): void {
    this.edits[span * EDIT_STRIDE + EDIT_COLUMN.action] = ACTION.refuse;
  }

  /** Answers how long the request becomes; -1 where nothing of it changes. `values` are all that `fill` spoke of. */
  plan(spanCount: number, bodyBytes: number, values: Float64Array): number {
    this.values.set(values);
    return this.kernel.planEmission(spanCount, bodyBytes, this.cutWords * WORD_BYTES);
  }

  /** Writes it to `target`, which is as long as `plan` said; `added` is where `change` said that the bytes are. */
  write(target: Uint8Array, added: AddedBytes): void {
    for (let length = 0; length < target.length;) {
      const written = this.kernel.writeOn();
      target.set(this.out.subarray(0, written), length);
      length += written;
      const span = this.kernel.waitingSpan();
      if (span < 0) continue;
      const start = this.edits[span * EDIT_STRIDE + EDIT_COLUMN.values] ?? 0;
      const end = start + (this.edits[span * EDIT_STRIDE + EDIT_COLUMN.source] ?? 0);
      target.set(added.subarray(start, end), length);
      length += end - start;
    }
  }
}
