import type { CategoryRules } from "../error-rule.ts";
import { clause } from "../clauses.ts";
import { anyOf, near } from "../prose-pattern.ts";

/** The request alone is larger than the limit: waiting cannot help. */
const TOO_LARGE =
  /request too large|too large for|reduce (?:your|the) (?:message|prompt|request|input)(?![^.]{0,60}try again later)|exceeds? the (?:rate )?limit (?:by itself|alone)|single request/;

/** This caller sends too much, too often, or too many at once. */
export const RATE: CategoryRules = {
  named: [
    {
      name: "rate: one request above the limit",
      category: "rate_limit",
      text: anyOf(
        String.raw`(?:request|prompt|input)(?: is)? too large.{0,300}(?:\btpm\b|tokens per min|per minute|rate limit|limit:? \d|requested:? \d)`,
      ),
      retryable: false,
      example: "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 71050.",
    },
    {
      name: "rate: rate limit code",
      category: "rate_limit",
      stem: anyOf(
        String.raw`ratelimit(?!error|exception|ed?error)|throttl|toomanyrequests|[rt]p[ms](?:limit|exceeded)|concurren\w{0,20}(?:limit|exceeded)|requesttoofast`,
        String.raw`requests?limitexceeded|per(?:minute|second|hour)|bursttoofast|ramplimit|reachlimit|requestratetoo`,
      ),
      codes: [
        "ratelimitexceeded",
        "ratelimitreached",
        "ratelimited",
        "ratelimit",
        "ratelimits",
        "requestratelimitexceeded",
        "retryablequotaerror",
        "throttling",
        "throttled",
        "throttlingerror",
        "throttlingexception",
        "throttledexception",
        "priorrequestnotcomplete",
        "transactioninprogressexception",
        "modelthrottledexception",
        "toomanyrequests",
        "toomanyrequestserror",
        "toomanyrequestsexception",
        "toomanyrequestsresponse",
        "resourceexhausted",
        "resourceexhaustederror",
        "requestlimitexceeded",
        "limitexceededexception",
        "userratelimitexceeded",
        "limitrequests",
        "limittokens",
        "limitburstrate",
        "burstrate",
        "ratequota",
        "allocationquota",
        "concurrencylimitexceeded",
        "concurrencyexceeded",
        "maxparallelrequests",
        "tokensperminute",
        "requestsperminute",
        "provisionedthroughputexceededexception",
        // iFlytek: calls per second, calls at once.
        "11202",
        "11203",
      ],
      // gRPC says it of a message above its size limit too.
      unless: { text: /larger than max/ },
      example: '{"error": {"code": "rate_limit_exceeded"}}',
    },
    {
      name: "rate: too many requests or tokens per minute",
      category: "rate_limit",
      text: anyOf(
        near(
          String.raw`rate|requests|(?<!tool )calls|queries|invocations|frequency|hourly(?: [a-z]{1,20})? limit`,
          String.raw`too (?:quickly|fast|frequent(?:ly)?|high)|exceed(?:ed|s|ing)?|reduce|limit (?:reached|hit)`,
        ),
        String.raw`rate[ _-]?limit(?:s|ed|ing)?\b(?! (?:must|should|parameter|field|value|is not a|config))`,
        String.raw`too many (?:concurrent|simultaneous|parallel|open(?! files)|active|in-flight|calls|connections|sessions|streams|queries|generations)|too many tokens,? (?:please|per)`,
        String.raw`\brate (?:is )?too (?:large|high|great)|\bthrottl(?:ed|ing|e)\b|too many [a-z]{1,20} (?:at once|at the same time|in parallel|in flight|in a short|in a given|in the last|within \d|in \d)`,
        String.raw`(?:requests?|calls?|queries|messages) (?:limit|quota) (?:has been |is |was )?(?:exceeded|reached)`,
        String.raw`\b(?:tokens?|requests?|calls?|queries)[ -]per[ -]?(?:minute|min|second|sec|hour|s)\b`,
        String.raw`\b(?:tpm|rpm|rps|qps|itpm|otpm)\b|per[ -]minute (?:limit|quota|rate)|perminute`,
        String.raw`(?:high|reduce|lower|too much) (?:the |your )?(?:[a-z]{1,12} )?concurrency|concurren(?:t|cy)(?: [a-z]{1,20}){0,3} (?:limit|limits|exceeded|reached|quota|maximum)`,
        String.raw`(?:limit|maximum|max)(?: [a-z]{1,20}){0,3} (?:concurrent|parallel|simultaneous) (?:requests|connections|calls|sessions)`,
        String.raw`quota exceeded for (?:quota |metric|model|aiplatform|[\w-]{1,40}\.googleapis)|allocated quota exceeded|account quotas|exhausted your capacity|resource has been exhausted`,
        String.raw`请求过于频繁|频率|限流|并发|速率限制|请求数过多|请求次数`,
        String.raw`resource (?:has been )?exhausted`,
      ),
      unless: { text: /connection slots|too many clients|sqlite|postgres|mysql|sqlstate|dimensions?\b|pixels|per request\b/ },
      example: "Number of request tokens has exceeded your per-minute rate limit",
    },
    {
      name: "rate: quota that minutes restore",
      category: "rate_limit",
      text: /exceeded your(?: [a-z]{1,20}){0,2} quota|usage limits?|quota (?:has been |is |was )?(?:exceeded|reached)/,
      unless: { text: /disk quota/ },
      example: "You exceeded your current quota, please check your plan and billing details. Please retry in 22.9s.",
    },
  ],
  implied: [
    {
      // SDKs throw it for every 429, whatever the provider says there.
      name: "rate: rate limit class",
      category: "rate_limit",
      stem: /ratelimit\w{0,12}(?:error|exception)/,
      example: "error.type RateLimitError",
    },
    {
      // The reason phrase of 429: an HTTP client's error below the provider's words, which go first.
      name: "rate: too many requests",
      category: "rate_limit",
      text: /too many requests|\bslow down|zu viele anfragen|trop de requêtes|demasiadas (?:solicitudes|peticiones)|muitas (?:solicitações|requisições)|слишком много запросов|çok fazla istek|troppe richieste|zbyt (?:wiele|dużo) (?:żądań|zapytań)|quá nhiều yêu cầu|terlalu banyak permintaan|te veel (?:aanvragen|verzoeken)|请求过多|多すぎます/,
      example: "Too many requests, please try again later.",
    },
    {
      name: "rate: Cloudflare 1015",
      category: "rate_limit",
      codes: ["1015"],
      text: /\berror(?: code)?:? 1015\b|you are being rate limited/,
      example: "error code: 1015",
    },
    {
      name: "rate: words of pace",
      category: "rate_limit",
      clauses: [
        clause(["rate"], ["throttled", "exceeded"], { without: ["size", "longWindow", "wire"] }),
        clause(["limit"], ["exceeded"], {
          without: ["size", "request", "output", "looseToken", "time", "money", "longWindow", "safety", "wire", "tries"],
        }),
        clause(["limit", "quota"], ["exceeded", "exhausted"], { also: ["shortWindow"], without: ["size", "time"] }),
        clause(["apiKey", "credential", "account", "model", "server", "request"], ["throttled"], { without: ["size"] }),
      ],
      example: "all accounts of this model are cooling down",
    },
  ],
  vague: [],
};

export { TOO_LARGE as ONE_REQUEST_TOO_LARGE };
