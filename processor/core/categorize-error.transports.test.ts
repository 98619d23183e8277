import { expect, test } from "vitest";
import type { ErrorCategory, ErrorEvidence } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";

type Case = readonly [name: string, category: ErrorCategory, retryable: boolean, evidence: ErrorEvidence];

/** What HTTP stacks of other languages write, and codes that providers document for cases that look like another. */
const CASES: readonly Case[] = [
  // libcurl's error codes (https://curl.se/libcurl/c/libcurl-errors.html), as Guzzle and PHP print them
  ["curl 6", "network_error", false, { message: "cURL error 6: Could not resolve host: api.example.com" }],
  ["curl 7", "network_error", true, { message: "cURL error 7: Failed to connect to localhost port 11434: Connection refused" }],
  ["curl 28", "timeout", true, { message: "cURL error 28: Operation timed out after 30001 milliseconds with 0 bytes received" }],
  ["curl 52", "network_error", true, { message: "cURL error 52: Empty reply from server" }],
  ["curl 56", "network_error", true, { message: "cURL error 56: Recv failure: Connection was reset" }],
  ["curl 60", "network_error", false, { message: "cURL error 60: SSL certificate problem: unable to get local issuer certificate" }],

  // Go's net/http and its HTTP/2
  ["go http2 stream reset", "network_error", true, { message: "stream error: stream ID 3; INTERNAL_ERROR; received from peer" }],
  ["go html for json", "api_error", true, { message: "invalid character '<' looking for beginning of value" }],
  ["go nil pointer", "unknown", false, { message: "runtime error: invalid memory address or nil pointer dereference" }],

  // Rust: hyper, reqwest, tonic
  ["hyper incomplete", "network_error", true, { message: "error sending request: source: hyper::Error(IncompleteMessage)" }],
  [
    "reqwest body",
    "network_error",
    true,
    { message: "error decoding response body: request or response body error: error reading a body from connection" },
  ],
  [
    "tonic connect",
    "network_error",
    true,
    { errorType: "tonic::Status", message: 'status: Unavailable, message: "error trying to connect: tcp connect error"' },
  ],

  // .NET: SslStream throws the class that every SDK uses for wrong keys
  [
    "dotnet tls",
    "network_error",
    false,
    {
      errorType: "System.Net.Http.HttpRequestException",
      message: "The SSL connection could not be established, see inner exception.",
      cause: [
        {
          name: "System.Security.Authentication.AuthenticationException",
          message: "The remote certificate is invalid because of errors in the certificate chain: UntrustedRoot",
        },
      ],
    },
  ],
  [
    "dotnet stream cut under a cancel",
    "network_error",
    true,
    {
      errorType: "Grpc.Core.RpcException",
      message: "IOException: The request was aborted. IOException: The response ended prematurely while waiting for the next frame.",
    },
  ],

  // Java: Apache HttpClient, java.net.http, the runtime
  ["apache no response", "network_error", true, { message: "Unable to execute HTTP request: The target server failed to respond" }],
  ["java no bytes", "network_error", true, { errorType: "java.io.IOException", message: "HTTP/1.1 header parser received no bytes" }],
  [
    "java null",
    "unknown",
    false,
    { errorType: "java.lang.NullPointerException", message: 'Cannot invoke "String.length()" because "s" is null' },
  ],

  // Browsers
  ["chromium", "network_error", true, { message: "net::ERR_FAILED" }],

  // A firewall is named by who was blocked by it, and by who only advises to look at it
  ["azure firewall", "auth", false, { status: 403, message: "Access denied due to Virtual Network/Firewall rules." }],
  ["advice to check it", "network_error", true, { message: "Please check your firewall rules and network connection. net::ERR_FAILED" }],

  // A signature of the model's thoughts is part of the request; one of the caller's request is a credential
  ["thinking signature", "validation", false, { status: 400, message: "messages.3.content.0: Invalid `signature` in `thinking` block" }],
  ["aws signature", "auth", false, { errorType: "InvalidSignatureException", message: "Signature expired" }],

  // Own limits and the provider's
  ["ark's safe mode", "quota_exceeded", false, { status: 429, errorCode: "SetLimitExceeded", errorType: "TooManyRequests" }],
  ["novita token limit", "rate_limit", true, { status: 429, body: { reason: "TOKEN_LIMIT_EXCEEDED", message: "Token limit exceeded." } }],
  ["token limit of the request", "validation", false, { status: 400, message: "Token limit exceeded." }],
  [
    "workers ai capacity",
    "model_overloaded",
    true,
    { status: 429, body: { errors: [{ code: 3040, message: "Capacity temporarily exceeded, please try again." }] } },
  ],
  [
    "axum refuses the body",
    "validation",
    false,
    { status: 400, message: "Failed to deserialize the JSON body into the target type: messages[1].role: unknown variant" },
  ],
  ["xai team without credits", "quota_exceeded", false, { status: 403, message: "Your team doesn't have any credits or licenses yet." }],
  [
    "a short grpcio repr is no tag of a page",
    "quota_exceeded",
    false,
    {
      errorType: "AioRpcError",
      message: '<AioRpcError of RPC that terminated with:\n\tstatus = StatusCode.PERMISSION_DENIED\n\tdetails = "Insufficient credits"\n>',
    },
  ],
  ["refresh token", "auth", false, { message: "Refresh token is invalid" }],
  ["entra", "auth", false, { message: "AADSTS700016: Application with identifier was not found in the directory" }],
  ["german key", "auth", false, { message: "API-Schlüssel ungültig" }],
  ["japanese network", "network_error", true, { message: "ネットワークエラーが発生しました" }],
  ["french server", "api_error", true, { message: "Une erreur interne est survenue" }],
  ["tencent cloud key", "auth", false, { errorCode: "AuthFailure.SecretIdNotFound", message: "The SecretId is not found." }],
  [
    "limit of the organization, to be tried again",
    "rate_limit",
    true,
    {
      status: 429,
      errorType: "rate_limit_error",
      message:
        "This request would exceed the rate limit. Please reduce the prompt length or the maximum tokens requested, or try again later.",
    },
  ],
  [
    "loaded is no complaint",
    "validation",
    false,
    { status: 400, message: "The model is loaded with context length of only 4096 tokens, which is not enough." },
  ],
];

test.each(CASES)("%s is %s", (_name, category, retryable, evidence) => {
  const answer = categorizeError(evidence);
  expect({ category: answer.category, retryable: answer.retryable }, answer.rule).toEqual({ category, retryable });
});

test("Django REST framework says when a throttled request is welcome again", () => {
  const answer = categorizeError({ status: 429, message: "Request was throttled. Expected available in 12 seconds." });
  expect(answer).toMatchObject({ category: "rate_limit", retryable: true, retryDelayMs: 12_000 });
});
