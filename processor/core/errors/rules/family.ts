import type { ErrorRule } from "../error-rule.ts";
import { anyOf } from "../prose-pattern.ts";

/** Stems of class names that say no more than a status does, and yield to it. */
export const FAMILIES: readonly ErrorRule[] = [
  {
    name: "family: permission codes",
    category: "auth",
    stem: /permissiondenied|forbidden|authentication|apikey/,
    example: "error.type LlmForbiddenException",
  },
  {
    name: "family: request codes",
    category: "validation",
    stem: anyOf(
      String.raw`notfound(?:error|exception)?\b|notsupported|unsupported|invalid(?:parameter|argument|input|schema|value)`,
      String.raw`missing(?:parameter|required|argument)|invalid(?:json|url|messages?|action|image|header|type)|malformed`,
      String.raw`missingschema|unsupportedprotocol|precondition|failedtodownload|(?:request|prompt|input)rejected|badrequest|nosuch|coercion|conversionerror`,
      String.raw`validation|unprocessable|outputpars`,
    ),
    example: "InvalidParameter.FileFormat",
  },
  {
    name: "family: wire codes",
    category: "network_error",
    stem: anyOf(
      String.raw`connection(?:error|exception|reset|refused|closed|lost|failed|shutdown|terminated)|socket(?:error|exception)`,
      String.raw`network(?:error|exception)|ssl(?:error|exception)|tlserror|dnserror|brokenpipe|unreachable|prematureclose`,
      String.raw`stream(?:disconnect|closed|interrupt)|errssl|connectionfailed|handshake|err(?:http2|quic|proxy|tunnel|internet|incomplete)`,
    ),
    example: "LlmConnectionException",
  },
  {
    name: "family: server codes",
    category: "api_error",
    stem: anyOf(
      String.raw`internal(?:server|service)?(?:error|failure|exception)|servererror|serviceunavailable|badgateway|upstreamerror`,
      String.raw`(?:model|service|server|endpoint)unavailable|serviceexception|dependency(?:failed|exception)|requestfailederror`,
      String.raw`internaldependency`,
    ),
    example: "LlmServerErrorException",
  },
];
