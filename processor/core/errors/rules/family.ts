import type { ErrorRule } from "../error-rule.ts";

/**
 * Class names and codes that nobody listed: every SDK has its own `FooRateLimitError`. A stem that occurs in a code names
 * the family. Tested on all codes of a layer, joined by blanks, after every listed code has had its turn.
 */
export interface FamilyRule extends ErrorRule {
  readonly stem: RegExp;
}

/** Families that say more than a status does. */
export const FAMILIES_ABOVE_STATUS: readonly FamilyRule[] = [
  {
    name: "family: quota and billing codes",
    category: "quota_exceeded",
    stem: /insufficient(?:quota|credit|balance|fund)|billing|paymentrequired|creditlimit|creditbalance|outofcredit|quotaexhausted|budgetexceed|spend(?:ing)?limit|overdue|perday|daily(?:limit|quota)|monthly(?:limit|quota|requestcount)/,
    example: "MONTHLY_REQUEST_COUNT",
  },
  {
    name: "family: overload codes",
    category: "model_overloaded",
    stem: /overload|capacity(?:exceeded|exhausted|error)|serverbusy|modelnotready|modelloading/,
    example: "ModelOverloadedException",
  },
  {
    name: "family: rate codes",
    category: "rate_limit",
    stem: /ratelimit|throttl|toomanyrequests|[rt]pm(?:limit|exceeded)|concurrency(?:limit|exceeded)|requesttoofast|bursttoofast|quotaexceeded/,
    example: "RateLimitExceeded.EndpointRPMExceeded",
  },
  {
    name: "family: timeout codes",
    category: "timeout",
    stem: /time(?:d)?out(?:error|exception|err)?\b|deadlineexceeded/,
    example: "LlmCallTimeoutError",
  },
  {
    name: "family: identity codes",
    category: "auth",
    stem: /unauthori[sz]ed|unauthenticated|authentication(?:error|exception|fail)|invalidapikey|apikeyinvalid|accessdenied|credential|tokenexpired|expiredtoken|signature(?:doesnot|mismatch|invalid)/,
    example: "CredentialRetrievalError",
  },
  {
    name: "family: context and content codes",
    category: "validation",
    stem: /contextlength|contextwindow|contentfilter|contentpolicy|moderation|guardrail|modelnotfound/,
    example: "ContentModerationException",
  },
];

/** Families that say no more than a status does, and yield to it. */
export const FAMILIES_BELOW_STATUS: readonly FamilyRule[] = [
  {
    name: "family: permission codes",
    category: "auth",
    stem: /permissiondenied|forbidden|authentication|apikey/,
    example: "ProjectPermissionDenied",
  },
  {
    name: "family: request codes",
    category: "validation",
    stem: /notfound(?:error|exception)?\b|notsupported|unsupported|invalid(?:parameter|argument|request|input|schema|value)|missing(?:parameter|required|argument)|badrequest|validation|unprocessable|outputpars|toolarge\b/,
    example: "InvalidParameter.FileFormat",
  },
  {
    name: "family: wire codes",
    category: "network_error",
    stem: /connection(?:error|exception|reset|refused|closed|lost|failed)|socket(?:error|exception)|network(?:error|exception)|ssl(?:error|exception)|tlserror|dnserror|brokenpipe|unreachable|prematureclose/,
    example: "LlmConnectionException",
  },
  {
    name: "family: server codes",
    category: "api_error",
    stem: /internal(?:server|service)?(?:error|failure|exception)|servererror|serviceunavailable|badgateway|upstreamerror/,
    example: "LlmServerErrorException",
  },
];
