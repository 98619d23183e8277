import type { PriceInput, Usage } from "./priced-call.ts";
import { canonicalProvider } from "./provider.ts";
import { usageAttributes, type UsageAttributes } from "./usage-attributes.ts";
import { usageDocuments, type UsageDocuments } from "./usage-document.ts";
import { emitterOf, type Emitter } from "./usage-emitters.ts";
import type { CountSlot } from "./usage-keys.ts";
import { isOpenAiOnBedrock, type Answerer, type BilledTokens } from "./usage-provider.ts";

export { USAGE_READ_KEYS } from "./usage-keys.ts";

/** A PriceInput that also says the scope's version: some emitters changed their reading between two releases. */
export interface UsageInput extends PriceInput {
  readonly scopeVersion?: string | undefined;
}

/** The tokens of one span, and how sure that is. */
export interface UsageReading {
  /** null without usage, and with usage that cannot be. */
  readonly usage: Usage | null;
  /** Another reading of the same numbers is possible. */
  readonly ambiguous: boolean;
  /** A count is no count, or a part of another is larger than it. */
  readonly invalid: boolean;
  /** The span says something of usage at all. */
  readonly present: boolean;
}

/** Of one span: who answered, what was read, and what else its usage says. */
export interface CallFacts {
  readonly reading: UsageReading;
  readonly attributes: UsageAttributes;
  readonly documents: UsageDocuments;
  /** Canonical name. */
  readonly provider: string | undefined;
  /** What answered; else what was asked for. */
  readonly model: string | undefined;
  readonly requestModel: string | undefined;
}

/** Reads the tokens of a model call, whatever dialect it came in. Total: no attributes make it throw. */
export function readUsage(input: UsageInput): UsageReading {
  return readCallFacts(input).reading;
}

/** readUsage with what pricing needs beside the tokens, so that nothing is read twice. */
export function readCallFacts(input: UsageInput): CallFacts {
  const attributes = usageAttributes(input.attributes);
  const requestModel = attributes.text("requestModel") ?? input.model;
  const model = attributes.text("responseModel") ?? input.model ?? requestModel;
  const provider = canonicalProvider(input.provider ?? attributes.text("provider"), model, attributes.text("serverAddress"));
  const who = { provider, model };
  const documents = usageDocuments(attributes, who);
  const reading = resolve(input, attributes, documents, who);
  return { reading, attributes, documents, provider, model, requestModel };
}

const NO_USAGE: UsageReading = { usage: null, ambiguous: false, invalid: false, present: false };
const INVALID: UsageReading = { usage: null, ambiguous: false, invalid: true, present: true };

function resolve(input: UsageInput, attributes: UsageAttributes, documents: UsageDocuments, who: Answerer): UsageReading {
  if (attributes.invalid) return INVALID;
  if (documents.tokens !== null) return checked(documents.tokens, false);
  const counts = countsOf(attributes, documents);
  if (!attributes.counted && Object.keys(documents.counts).length === 0) return NO_USAGE;
  const emitter = emitterOf(input.scope, input.scopeVersion);
  const { uncachedInput, ambiguous } = uncachedOf(counts, emitter, attributes, who);
  const output = outputOf(counts, emitter.candidatesOnly || documents.candidatesOnly);
  const writes = counts.write - counts.write1h;
  const tokens: BilledTokens = {
    uncachedInput: uncachedInput + counts.compactionInput,
    cacheRead: counts.read,
    cacheWrite5m: writes,
    cacheWrite1h: counts.write1h,
    output: output.tokens + counts.compactionOutput,
    reasoning: counts.reasoning,
  };
  return checked(tokens, ambiguous || output.guessed);
}

/** Every part finite and >= 0, or nothing is taken: clamping would hide a wrong reading. */
function checked(tokens: BilledTokens, ambiguous: boolean): UsageReading {
  const { uncachedInput, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning } = tokens;
  const sum = uncachedInput + cacheRead + cacheWrite5m + cacheWrite1h + output;
  const sound =
    uncachedInput >= 0 && cacheRead >= 0 && cacheWrite5m >= 0 && cacheWrite1h >= 0 && output >= 0 && sum < Number.POSITIVE_INFINITY;
  if (!sound || Number.isNaN(reasoning ?? 0)) return INVALID;
  return { usage: { uncachedInput, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning }, ambiguous, invalid: false, present: true };
}

/** What the span counts, under one name each. */
interface Counts {
  /** null when no key says it. */
  readonly input: number;
  readonly output: number;
  readonly read: number;
  readonly write: number;
  readonly write1h: number;
  readonly total: number | null;
  readonly reasoning: number | null;
  readonly uncached: number | null;
  readonly compactionInput: number;
  readonly compactionOutput: number;
}

function countsOf(attributes: UsageAttributes, documents: UsageDocuments): Counts {
  const count = (slot: CountSlot): number | undefined => attributes.count(slot) ?? documents.counts[slot];
  const write1h = count("cacheWrite1h") ?? 0;
  const input = count("input");
  // Claude Code's bare input_tokens leaves the cached ones out; beside a key of the convention it is somebody else's.
  const bare = input === undefined ? (count("uncachedBare") ?? null) : null;
  return {
    input: input ?? 0,
    output: count("output") ?? 0,
    read: count("cacheRead") ?? 0,
    write: count("cacheWrite") ?? (count("cacheWrite5m") ?? 0) + write1h,
    write1h,
    total: count("total") ?? null,
    reasoning: count("reasoning") ?? null,
    uncached: count("uncached") ?? bare,
    compactionInput: count("compactionInput") ?? 0,
    compactionOutput: count("compactionOutput") ?? 0,
  };
}

/**
 * Does the input contain what was read from and written to the cache? In this order: the emitter says it outright; the parts are larger
 * than the whole; the total adds them up; the emitter is known; the convention, which asks for all input tokens.
 */
function uncachedOf(
  counts: Counts,
  emitter: Emitter,
  attributes: UsageAttributes,
  who: Answerer,
): { uncachedInput: number; ambiguous: boolean } {
  const { input, output, read, write, total, uncached } = counts;
  const cached = read + write;
  const apart = countsCacheApart(who);
  if (uncached !== null) return { uncachedInput: uncached, ambiguous: false };
  const exclusive = { uncachedInput: input, ambiguous: false };
  if (cached === 0) return { ...exclusive, ambiguous: apart && emitter.cacheUnseen };
  const inclusive = { uncachedInput: input - cached, ambiguous: false };
  // No other reading is possible; it is odd where the provider counts the cached tokens in.
  if (cached > input) return { ...exclusive, ambiguous: !apart };
  const addsUp = total !== null && total === input + cached + output;
  // OpenAI models through Bedrock's ConverseStream count them twice in the total.
  if (addsUp) return who.provider === "aws.bedrock" && isOpenAiOnBedrock(who.model) ? inclusive : exclusive;
  if (!apart) return inclusive;
  const known = attributes.get("springKind") === undefined ? emitter.input : "exclusive";
  if (known !== "unknown") return known === "exclusive" ? exclusive : inclusive;
  // The SDK's own keys for the two lifetimes: only emitters that add up set them.
  const native = attributes.get("cacheWrite1h") !== undefined && attributes.get("cacheWrite5m") !== undefined;
  return { ...inclusive, ambiguous: !native };
}

/** Anthropic's and Bedrock's APIs count cached tokens apart, wherever Claude is served. */
function countsCacheApart({ provider, model }: Answerer): boolean {
  if (provider === "anthropic" || provider === "aws.bedrock") return true;
  return provider !== "openrouter" && model !== undefined && /claude/i.test(model);
}

/** Output includes reasoning, unless the total or the emitter shows that it does not. */
function outputOf(counts: Counts, candidatesOnly: boolean): { tokens: number; guessed: boolean } {
  const { input, output, read, write, total, reasoning } = counts;
  const known = { tokens: output, guessed: false };
  const inputs = [input, input + read + write];
  if (total !== null && inputs.some((all) => total === all + output)) return known;
  if (reasoning !== null && reasoning > 0) {
    const addsUp = total !== null && inputs.some((all) => total === all + output + reasoning);
    if (addsUp || candidatesOnly || reasoning > output) return { tokens: output + reasoning, guessed: false };
  } else if (candidatesOnly && total !== null && total > input + output) {
    // Nobody counts the thoughts, but the total has them (and, seldom, the prompts of tools).
    return { tokens: total - input, guessed: true };
  }
  return known;
}
