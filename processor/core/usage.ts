import type { PriceInput, Usage } from "./priced-call.ts";
import { canonicalProvider } from "./provider.ts";
import { countIn, SLOT, textIn, usageAttributes, valueIn, type UsageAttributes } from "./usage-attributes.ts";
import { usageDocuments, type UsageDocuments } from "./usage-document.ts";
import { emitterOf, SPRING_AI, type Emitter } from "./usage-emitters.ts";
import { isOpenAiOnBedrock, someModality, type Answerer, type Modalities } from "./usage-provider.ts";

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
  return { reading: resolve(attributes, documents, origin, new Reading()), attributes, documents, provider, model, requestModel };
}

/**
 * `callFacts` of a call that nothing but its counts tells from that of `facts`: these are in `facts.attributes` already. What was
 * read before is overwritten.
 */
export function readAgain(facts: CallFacts, origin: UsageOrigin): CallFacts {
  const { reading, attributes, documents } = facts;
  if (reading instanceof Reading) resolve(attributes, documents, origin, reading);
  return facts;
}

type Mutable<Record> = { -readonly [Key in keyof Record]: Record[Key] };

/** What is read, of one span after another; with its memory, so that a span of a known shape makes no objects. */
class Reading implements UsageReading {
  usage: Usage | null = null;
  ambiguous = false;
  invalid = false;
  present = false;
  modalities: Modalities | null = null;
  readonly tokens: Mutable<Usage> = { uncachedInput: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: null };
  readonly counts: Counts = {
    input: 0,
    output: 0,
    read: 0,
    write: 0,
    write1h: 0,
    cacheTold: false,
    split: false,
    total: null,
    reasoning: null,
    uncached: null,
    compactionInput: 0,
    compactionOutput: 0,
  };

  /** Of a span without usage, or with usage that cannot be. */
  withoutUsage(invalid: boolean): this {
    this.usage = null;
    this.ambiguous = false;
    this.invalid = invalid;
    this.present = invalid;
    this.modalities = null;
    return this;
  }
}

function resolve(attributes: UsageAttributes, documents: UsageDocuments, origin: UsageOrigin, to: Reading): Reading {
  if (attributes.invalid) return to.withoutUsage(true);
  const { tokens } = to;
  if (documents.tokens !== null) {
    const { modalities = null, ...billed } = documents.tokens;
    Object.assign(tokens, billed);
    return checked(to, modalities, false);
  }
  if (!attributes.counted && isEmpty(documents.counts)) return to.withoutUsage(false);
  const counts = readCounts(attributes, documents, to.counts);
  const modalities = modalitiesIn(attributes);
  tokens.cacheRead = counts.read;
  tokens.cacheWrite5m = counts.write - counts.write1h;
  tokens.cacheWrite1h = counts.write1h;
  tokens.reasoning = counts.reasoning;
  // In the application and again in the gateway: what we normalised is inclusive and final, whatever the emitter's habit.
  if (valueIn(attributes, SLOT.enriched) !== undefined) {
    tokens.uncachedInput = counts.input - counts.read - counts.write;
    tokens.output = counts.output;
    return checked(to, modalities, textIn(attributes, SLOT.costStatus) === "ambiguous_usage");
  }
  const { emitter } = origin;
  const known = valueIn(attributes, SLOT.springKind) === undefined ? emitter : SPRING_AI;
  const inputGuessed = readUncached(counts, known, origin, tokens);
  const outputGuessed = readOutput(counts, (emitter.candidatesOnly && mayBeGemini(origin)) || documents.candidatesOnly, tokens);
  tokens.uncachedInput += counts.compactionInput;
  tokens.output += counts.compactionOutput;
  return checked(to, modalities, inputGuessed || outputGuessed);
}

function isEmpty(counts: UsageDocuments["counts"]): boolean {
  for (const _ in counts) return false;
  return true;
}

/** Every part finite and >= 0, or nothing is taken: clamping would hide a wrong reading. */
function checked(to: Reading, modalities: Modalities | null, ambiguous: boolean): Reading {
  const { uncachedInput, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning } = to.tokens;
  const sum = uncachedInput + cacheRead + cacheWrite5m + cacheWrite1h + output;
  const sound =
    uncachedInput >= 0 && cacheRead >= 0 && cacheWrite5m >= 0 && cacheWrite1h >= 0 && output >= 0 && sum < Number.POSITIVE_INFINITY;
  if (!sound || Number.isNaN(reasoning ?? 0)) return to.withoutUsage(true);
  // Which tokens were audio only shifts the price; numbers that do not fit do not spoil those that are billed.
  const fits = modalities === null || isSubset(modalities, to.tokens);
  to.usage = to.tokens;
  to.ambiguous = ambiguous || !fits;
  to.invalid = false;
  to.present = true;
  to.modalities = fits ? modalities : null;
  return to;
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
  input: number;
  output: number;
  read: number;
  write: number;
  write1h: number;
  /** Something counts cached tokens, if only to 0. */
  cacheTold: boolean;
  /** Both lifetimes of writes are counted. */
  split: boolean;
  /** null where no key says it. */
  total: number | null;
  reasoning: number | null;
  uncached: number | null;
  compactionInput: number;
  compactionOutput: number;
}

function readCounts(attributes: UsageAttributes, { counts }: UsageDocuments, to: Counts): Counts {
  const write5m = countIn(attributes, SLOT.cacheWrite5m, counts.cacheWrite5m);
  const write1h = countIn(attributes, SLOT.cacheWrite1h, counts.cacheWrite1h);
  const input = countIn(attributes, SLOT.input, counts.input);
  // Claude Code's bare input_tokens leaves the cached ones out; beside a key of the convention it is somebody else's.
  const bare = input === undefined ? countIn(attributes, SLOT.uncachedBare, null) : null;
  to.input = input ?? 0;
  to.output = countIn(attributes, SLOT.output, counts.output) ?? 0;
  to.read = countIn(attributes, SLOT.cacheRead, counts.cacheRead) ?? 0;
  to.write = countIn(attributes, SLOT.cacheWrite, counts.cacheWrite) ?? (write5m ?? 0) + (write1h ?? 0);
  to.write1h = write1h ?? 0;
  to.cacheTold = valueIn(attributes, SLOT.cacheRead) !== undefined || valueIn(attributes, SLOT.cacheWrite) !== undefined;
  to.split = write5m !== undefined && write1h !== undefined;
  to.total = countIn(attributes, SLOT.total, counts.total) ?? null;
  to.reasoning = countIn(attributes, SLOT.reasoning, counts.reasoning) ?? null;
  to.uncached = countIn(attributes, SLOT.uncached, bare);
  to.compactionInput = countIn(attributes, SLOT.compactionInput, 0);
  to.compactionOutput = countIn(attributes, SLOT.compactionOutput, 0);
  return to;
}

/**
 * Does the input contain what was read from and written to the cache? In this order: the emitter says it outright; the parts are larger
 * than the whole; the total adds them up; the emitter is known; the convention, which asks for all input tokens. Answers whether
 * another reading is possible.
 */
function readUncached(counts: Counts, emitter: Emitter, { apart, twice }: UsageOrigin, to: Mutable<Usage>): boolean {
  const { input, output, read, write, total, uncached } = counts;
  to.uncachedInput = uncached ?? input;
  if (uncached !== null) return false;
  const cached = read + write;
  if (cached === 0) {
    if (!apart) return false;
    const unseen = twice ? 0 : onlyInTotal(counts);
    to.uncachedInput = input + unseen;
    return unseen > 0 || (emitter.cacheUnseen && !counts.cacheTold);
  }
  // No other reading is possible; it is odd where the provider counts the cached tokens in.
  if (cached > input) return !apart;
  const addsUp = total === input + cached + output && !twice;
  if (addsUp || (apart && emitter.input === "exclusive")) return false;
  to.uncachedInput = input - cached;
  // Only emitters that add up say which writes live for 5 minutes and which for an hour.
  return apart && emitter.input !== "inclusive" && !counts.split;
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

/** Output includes reasoning, unless the total or the emitter shows that it does not. Answers whether it is a guess. */
function readOutput(counts: Counts, candidatesOnly: boolean, to: Mutable<Usage>): boolean {
  const { input, output, read, write, total, reasoning } = counts;
  to.output = output;
  const all = input + read + write;
  if (total === input + output || total === all + output) return false;
  if (reasoning !== null && reasoning > 0) {
    const addsUp = total === input + output + reasoning || total === all + output + reasoning;
    if (addsUp || candidatesOnly || reasoning > output) to.output = output + reasoning;
    return false;
  }
  // Nobody counts the thoughts, but the total has them (and, seldom, the prompts of tools).
  if (!candidatesOnly || total === null || total <= input + output) return false;
  to.output = total - input;
  return true;
}
