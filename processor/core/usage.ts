import type { PriceInput, Usage } from "./priced-call.ts";
import { canonicalProvider } from "./provider.ts";
import { countIn, SLOT, textIn, usageAttributes, valueIn, type UsageAttributes } from "./usage-attributes.ts";
import { usageDocuments, type UsageDocuments } from "./usage-document.ts";
import { emitterOf, SPRING_AI, type Emitter } from "./usage-emitters.ts";
import { isOpenAiOnBedrock, someModality, type Answerer, type BilledTokens, type Modalities } from "./usage-provider.ts";

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
  /** Which of the tokens were audio and images; null where all is text. */
  readonly modalities: Modalities | null;
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

/** Who answered and who wrote it down: all that decides how counts are read, save for the counts themselves. */
export interface UsageOrigin extends Answerer {
  readonly requestModel: string | undefined;
  readonly emitter: Emitter;
  /** The answerer counts cached tokens apart from the input. */
  readonly apart: boolean;
  /** The answerer counts cached tokens twice in the total. */
  readonly twice: boolean;
}

export function usageOriginOf(input: UsageInput, attributes: UsageAttributes): UsageOrigin {
  const requestModel = textIn(attributes, SLOT.requestModel) ?? input.model;
  const model = textIn(attributes, SLOT.responseModel) ?? input.model ?? requestModel;
  const provider = canonicalProvider(input.provider ?? textIn(attributes, SLOT.provider), model, textIn(attributes, SLOT.serverAddress));
  const emitter = emitterOf(input.scope, input.scopeVersion);
  const who = { provider, model };
  return { provider, model, requestModel, emitter, apart: countsCacheApart(who), twice: countsTwice(who) };
}

/** readUsage with what pricing needs beside the tokens, so that nothing is read twice. */
export function readCallFacts(input: UsageInput): CallFacts {
  const attributes = usageAttributes(input.attributes);
  return callFacts(attributes, usageOriginOf(input, attributes));
}

export function callFacts(attributes: UsageAttributes, origin: UsageOrigin): CallFacts {
  const documents = usageDocuments(attributes, origin);
  const { provider, model, requestModel } = origin;
  return { reading: resolve(attributes, documents, origin), attributes, documents, provider, model, requestModel };
}

/** `callFacts` of a call that nothing but its counts tells from that of `facts`: these are in `facts.attributes` already. */
export function readAgain(facts: CallFacts, origin: UsageOrigin): CallFacts {
  (facts as { reading: UsageReading }).reading = resolve(facts.attributes, facts.documents, origin);
  return facts;
}

const NO_USAGE: UsageReading = { usage: null, ambiguous: false, invalid: false, present: false, modalities: null };
const INVALID: UsageReading = { usage: null, ambiguous: false, invalid: true, present: true, modalities: null };

function resolve(attributes: UsageAttributes, documents: UsageDocuments, origin: UsageOrigin): UsageReading {
  if (attributes.invalid) return INVALID;
  if (documents.tokens !== null) return checked(documents.tokens, false);
  const counts = countsOf(attributes, documents);
  if (!attributes.counted && isEmpty(documents.counts)) return NO_USAGE;
  const modalities = modalitiesIn(attributes);
  // In the application and again in the gateway: what we normalised is inclusive and final, whatever the emitter's habit.
  if (valueIn(attributes, SLOT.enriched) !== undefined) {
    return checked({ ...normalised(counts), modalities }, textIn(attributes, SLOT.costStatus) === "ambiguous_usage");
  }
  const { emitter } = origin;
  const known = valueIn(attributes, SLOT.springKind) === undefined ? emitter : SPRING_AI;
  const { uncachedInput, ambiguous } = uncachedOf(counts, known, origin);
  const output = outputOf(counts, (emitter.candidatesOnly && mayBeGemini(origin)) || documents.candidatesOnly);
  const tokens: BilledTokens = {
    uncachedInput: uncachedInput + counts.compactionInput,
    cacheRead: counts.read,
    cacheWrite5m: counts.write - counts.write1h,
    cacheWrite1h: counts.write1h,
    output: output.tokens + counts.compactionOutput,
    reasoning: counts.reasoning,
    modalities,
  };
  return checked(tokens, ambiguous || output.guessed);
}

function isEmpty(counts: UsageDocuments["counts"]): boolean {
  for (const _ in counts) return false;
  return true;
}

function normalised({ input, output, read, write, write1h, reasoning }: Counts): BilledTokens {
  return { uncachedInput: input - read - write, cacheRead: read, cacheWrite5m: write - write1h, cacheWrite1h: write1h, output, reasoning };
}

/** Every part finite and >= 0, or nothing is taken: clamping would hide a wrong reading. */
function checked(tokens: BilledTokens, ambiguous: boolean): UsageReading {
  const { uncachedInput, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning, modalities = null } = tokens;
  const sum = uncachedInput + cacheRead + cacheWrite5m + cacheWrite1h + output;
  const sound =
    uncachedInput >= 0 && cacheRead >= 0 && cacheWrite5m >= 0 && cacheWrite1h >= 0 && output >= 0 && sum < Number.POSITIVE_INFINITY;
  if (!sound || Number.isNaN(reasoning ?? 0)) return INVALID;
  const usage = { uncachedInput, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning };
  const plain = { usage, ambiguous, invalid: false, present: true, modalities };
  // Which tokens were audio only shifts the price; numbers that do not fit do not spoil those that are billed.
  return modalities === null || isSubset(modalities, usage) ? plain : { ...plain, ambiguous: true, modalities: null };
}

/** Cached audio is billed as cached text, so it is the rest of the input that audio and images are a part of. */
function isSubset({ inputAudio, inputImage, outputAudio, outputImage }: Modalities, { uncachedInput, output }: Usage): boolean {
  return inputAudio + inputImage <= uncachedInput && outputAudio + outputImage <= output;
}

function modalitiesIn(attributes: UsageAttributes): Modalities | null {
  // Nearly always; a record of four zeros would be made for nothing.
  if (!saysModality(attributes)) return null;
  return someModality({
    inputAudio: countIn(attributes, SLOT.inputAudio, 0),
    inputImage: countIn(attributes, SLOT.inputImage, 0),
    outputAudio: countIn(attributes, SLOT.outputAudio, 0),
    outputImage: countIn(attributes, SLOT.outputImage, 0),
  });
}

function saysModality(attributes: UsageAttributes): boolean {
  for (const slot of MODALITY_SLOTS) if (valueIn(attributes, slot) !== undefined) return true;
  return false;
}

const MODALITY_SLOTS: readonly number[] = [SLOT.inputAudio, SLOT.inputImage, SLOT.outputAudio, SLOT.outputImage];

/** What the span counts, under one name each. */
interface Counts {
  readonly input: number;
  readonly output: number;
  readonly read: number;
  readonly write: number;
  readonly write1h: number;
  /** Something counts cached tokens, if only to 0. */
  readonly cacheTold: boolean;
  /** Both lifetimes of writes are counted. */
  readonly split: boolean;
  /** null where no key says it. */
  readonly total: number | null;
  readonly reasoning: number | null;
  readonly uncached: number | null;
  readonly compactionInput: number;
  readonly compactionOutput: number;
}

function countsOf(attributes: UsageAttributes, { counts }: UsageDocuments): Counts {
  const write5m = countIn(attributes, SLOT.cacheWrite5m, counts.cacheWrite5m);
  const write1h = countIn(attributes, SLOT.cacheWrite1h, counts.cacheWrite1h);
  const input = countIn(attributes, SLOT.input, counts.input);
  // Claude Code's bare input_tokens leaves the cached ones out; beside a key of the convention it is somebody else's.
  const bare = input === undefined ? countIn(attributes, SLOT.uncachedBare, null) : null;
  return {
    input: input ?? 0,
    output: countIn(attributes, SLOT.output, counts.output) ?? 0,
    read: countIn(attributes, SLOT.cacheRead, counts.cacheRead) ?? 0,
    write: countIn(attributes, SLOT.cacheWrite, counts.cacheWrite) ?? (write5m ?? 0) + (write1h ?? 0),
    write1h: write1h ?? 0,
    cacheTold: valueIn(attributes, SLOT.cacheRead) !== undefined || valueIn(attributes, SLOT.cacheWrite) !== undefined,
    split: write5m !== undefined && write1h !== undefined,
    total: countIn(attributes, SLOT.total, counts.total) ?? null,
    reasoning: countIn(attributes, SLOT.reasoning, counts.reasoning) ?? null,
    uncached: countIn(attributes, SLOT.uncached, bare),
    compactionInput: countIn(attributes, SLOT.compactionInput, 0),
    compactionOutput: countIn(attributes, SLOT.compactionOutput, 0),
  };
}

/**
 * Does the input contain what was read from and written to the cache? In this order: the emitter says it outright; the parts are larger
 * than the whole; the total adds them up; the emitter is known; the convention, which asks for all input tokens.
 */
function uncachedOf(counts: Counts, emitter: Emitter, { apart, twice }: UsageOrigin): { uncachedInput: number; ambiguous: boolean } {
  const { input, output, read, write, total, uncached } = counts;
  if (uncached !== null) return { uncachedInput: uncached, ambiguous: false };
  const cached = read + write;
  if (cached === 0) {
    const unseen = apart && !twice ? onlyInTotal(counts) : 0;
    return { uncachedInput: input + unseen, ambiguous: unseen > 0 || (apart && emitter.cacheUnseen && !counts.cacheTold) };
  }
  // No other reading is possible; it is odd where the provider counts the cached tokens in.
  if (cached > input) return { uncachedInput: input, ambiguous: !apart };
  const addsUp = total === input + cached + output && !twice;
  if (addsUp || (apart && emitter.input === "exclusive")) return { uncachedInput: input, ambiguous: false };
  // Only emitters that add up say which writes live for 5 minutes and which for an hour.
  const certain = !apart || emitter.input === "inclusive" || counts.split;
  return { uncachedInput: input - cached, ambiguous: !certain };
}

/** OpenAI models through Bedrock's ConverseStream count cached tokens twice in the total. */
function countsTwice({ provider, model }: Answerer): boolean {
  return provider === "aws.bedrock" && isOpenAiOnBedrock(model);
}

/**
 * Cached input that an emitter drops while it passes the provider's total on (OpenInference on Bedrock's streams). Whether it was
 * read or written is not known: it counts as plain input, whose price lies between the two.
 */
function onlyInTotal({ input, output, total, reasoning }: Counts): number {
  return total === null ? 0 : Math.max(0, total - input - output - (reasoning ?? 0));
}

/** Anthropic's and Bedrock's APIs count cached tokens apart; so does Claude wherever it is served with Anthropic's own API. */
const ANTHROPIC_API_HOSTS: ReadonlySet<string> = new Set([
  "gcp.vertex_ai",
  "gcp.gen_ai",
  "gcp.gemini",
  "azure.ai.inference",
  "azure.ai.openai",
]);

function countsCacheApart({ provider, model }: Answerer): boolean {
  if (provider === undefined || ANTHROPIC_API_HOSTS.has(provider)) return model !== undefined && /claude/i.test(model);
  return provider === "anthropic" || provider === "aws.bedrock";
}

/** Some emitters pass on what each provider counts; only Gemini counts thoughts apart. */
function mayBeGemini({ provider, apart }: UsageOrigin): boolean {
  return !apart && (provider === undefined || provider.startsWith("gcp."));
}

/** Output includes reasoning, unless the total or the emitter shows that it does not. */
function outputOf(counts: Counts, candidatesOnly: boolean): { tokens: number; guessed: boolean } {
  const { input, output, read, write, total, reasoning } = counts;
  const known = { tokens: output, guessed: false };
  const all = input + read + write;
  if (total === input + output || total === all + output) return known;
  if (reasoning !== null && reasoning > 0) {
    const addsUp = total === input + output + reasoning || total === all + output + reasoning;
    if (addsUp || candidatesOnly || reasoning > output) return { tokens: output + reasoning, guessed: false };
  } else if (candidatesOnly && total !== null && total > input + output) {
    // Nobody counts the thoughts, but the total has them (and, seldom, the prompts of tools).
    return { tokens: total - input, guessed: true };
  }
  return known;
}
