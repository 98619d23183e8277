import { expect, test } from "vitest";
import type { ErrorCategory } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";

/** Codes and class names alone, as error.type carries them: from SDK sources, service models and the providers' code tables. */
const CODES: Readonly<Partial<Record<ErrorCategory, string>>> = {
  quota_exceeded: `
    insufficient_quota billing_hard_limit_reached billing_not_active billing_error credit_balance_exhausted
    organization_spend_limit_exceeded project_spend_limit_exceeded organization_usage_limit_exceeded usage_limit_exceeded
    enforced_spend_limit_reached contract_spend_limit_reached linked_organization_spend_limit_reached storage_quota_exceeded
    user_profile_not_billable ServiceQuotaExceededException ModelQuotaExceededError BudgetExceededError PaymentRequiredError
    BILLING_BALANCE_NOT_ENOUGH BILLING_INSUFFICIENT_BALANCE QUOTA_USER_DAILY_REQUEST QUOTA_USER_DAILY_FREE MONTHLY_REQUEST_COUNT
    Arrearage AccountOverdueError PrepaidBillOverdue AllocationQuota.FreeTierOnly INSUFFICIENT_G1_CREDITS_BALANCE
    insufficient_user_quota exceeded_current_quota_error QUOTA_EXHAUSTED BILLING_DISABLED credit_balance_too_low`,
  model_overloaded: `
    overloaded_error overloaded server_is_overloaded server_overloaded engine_overloaded_error model_overloaded_error
    ModelOverloadedError OverloadedError ModelNotReadyException MODEL_CAPACITY_EXHAUSTED service_tier_capacity_exceeded
    capacity_exceeded queue_exceeded ServerOverloaded Throttling.ServiceOverloaded slow_down CapacityNotAvailableError
    insufficient_model_capacity flex_unavailable`,
  rate_limit: `
    rate_limit_exceeded rate_limit_error RateLimitError RateLimitReached rate_limited too_many_requests ThrottlingException
    ThrottledException TooManyRequestsException ResourceExhausted RESOURCE_EXHAUSTED _ResourceExhaustedError ModelThrottledException
    Throttling.RateQuota Throttling.BurstRate limit_requests limit_burst_rate RateLimitExceeded.EndpointRPMExceeded
    ModelAccountTpmRateLimitExceeded RequestBurstTooFast RATE_LIMIT_TOTAL_QPS REQUEST_LIMIT_EXCEEDED ramp_limit_exceeded
    session_rate_limited_error ConcurrencyLimitExceeded APIReachLimitError rpm_rate_limit_exceeded userRateLimitExceeded
    ProvisionedThroughputExceededException`,
  timeout: `
    timeout_error request_timeout APITimeoutError APIConnectionTimeoutError client_timeout_error ReadTimeout ConnectTimeout
    PoolTimeout WriteTimeout ReadTimeoutError TimeoutError TimeoutException ServerTimeoutError SocketTimeoutException
    DeadlineExceeded DEADLINE_EXCEEDED GatewayTimeout ModelTimeoutException ModelTimeoutError ModelRequestTimeout RequestTimeOut
    InferenceTimeoutError ETIMEDOUT ESOCKETTIMEDOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT UND_ERR_CONNECT_TIMEOUT
    request_body_timeout RunTimedOut ERR_TIMED_OUT ERR_CONNECTION_TIMED_OUT litellm.Timeout vector_store_timeout
    io.netty.handler.timeout.ReadTimeoutException HttpTimeoutException AI_TimeoutError`,
  auth: `
    invalid_api_key authentication_error AuthenticationError permission_error PermissionDeniedError PERMISSION_DENIED UNAUTHENTICATED
    AccessDeniedException UnrecognizedClientException ExpiredTokenException InvalidSignatureException MissingAuthenticationToken
    InvalidClientTokenId RequestExpired NotAuthorized OptInRequired FTUFormNotFilled NoCredentialsError PartialCredentialsError
    CredentialRetrievalError CredentialsProviderError TokenRetrievalError NoAuthTokenError AI_LoadAPIKeyError InvalidApiKey
    API_KEY_INVALID SERVICE_DISABLED unsupported_country_region_territory organization_on_hold organization_disabled_error
    organization_restricted account_deactivated ForbiddenError Unauthorized GatedRepoError invalid_auth token_expired
    AccessDenied.Unpurchased ModelAuthenticationError ModelPermissionDeniedError InvalidTokenError GatewayAuthenticationError
    DefaultCredentialsError RefreshError mcp_authentication_failed_error api_key_scope_missing OAuthError IP_NOT_ALLOWED`,
  validation: `
    context_length_exceeded ContextWindowExceededError ModelContextWindowExceededError prompt_too_long tokens_too_long
    characters_too_long string_above_max_length request_too_large RequestTooLargeError ContentTooLargeError tokens_limit_reached
    image_dimensions_too_large content_filter ContentFilterError content_policy_violation image_content_policy_violation
    cyber_policy bio_policy misalignment_policy_violation ResponsibleAIPolicyViolation DataInspectionFailed data_inspection_failed
    SensitiveContentDetected.Violence InputTextSensitiveContentDetected GUARDRAIL_INTERVENED SAFETY RECITATION PROHIBITED_CONTENT
    model_not_found ModelNotFoundError ModelNotFound DeploymentNotFound model_decommissioned UnsupportedModel invalid_model
    tool_use_failed json_validate_failed AI_NoObjectGeneratedError OutputParserException UnexpectedModelBehavior
    invalid_request_error BadRequestError UnprocessableEntityError NotFoundError ValidationException ParamValidationError
    InvalidParameter invalid_parameter_error MissingParameter MissingParametersError unsupported_value unknown_parameter INVALID_ARGUMENT FAILED_PRECONDITION
    NOT_FOUND OUT_OF_RANGE malformed_json invalid_messages invalid_image_url failed_to_download_image image_parse_error
    JSONSchemaValidationError ZodError ValidationError ModelRequestRejectedError InvalidURL InvalidUrlClientError MissingSchema
    UnsupportedProtocol PreconditionFailedError UnsupportedParamsError InvalidAction EntityNotFoundError RepositoryNotFoundError
    response_not_found ResourceNotFoundException BlockedPromptException LengthFinishReasonError OutputTokenLimitExceeded
    FlowNotPublished InvalidPrompt AI_UnsupportedFunctionalityError AI_InvalidPromptError AI_NoSuchToolError`,
  network_error: `
    ECONNRESET ECONNREFUSED ECONNABORTED EPIPE EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN ENETDOWN ENETRESET EPROTO
    UND_ERR_SOCKET UND_ERR_CLOSED ERR_STREAM_PREMATURE_CLOSE ERR_HTTP2_STREAM_ERROR ERR_NETWORK CERT_HAS_EXPIRED
    DEPTH_ZERO_SELF_SIGNED_CERT UNABLE_TO_VERIFY_LEAF_SIGNATURE ERR_TLS_CERT_ALTNAME_INVALID SSLCertVerificationError
    ClientConnectorCertificateError APIConnectionError connection_error ConnectError ReadError WriteError RemoteProtocolError
    ProxyError ConnectionError ConnectionResetError ConnectionRefusedError BrokenPipeError ServerDisconnectedError ClientOSError
    ClientConnectorError ClientConnectorDNSError ClientPayloadError ChunkedEncodingError IncompleteRead ProtocolError
    NewConnectionError NameResolutionError MaxRetryError EndpointConnectionError ConnectionClosedError UnknownHostException
    java.net.ConnectException java.net.NoRouteToHostException SSLHandshakeException ModelConnectionError HttpRequestException
    StreamDisconnectedError SocketException ERR_CONNECTION_RESET ERR_NAME_NOT_RESOLVED mcp_connection_failed_error ERR_SSL_PROTOCOL_ERROR
    HPE_INVALID_CONSTANT ERR_SOCKET_CLOSED APIConnectionException`,
  api_error: `
    api_error server_error InternalServerError InternalServerException internal_error INTERNAL UNAVAILABLE DATA_LOSS UNIMPLEMENTED
    ServiceUnavailable ServiceUnavailableException ServiceUnavailableError ModelErrorException ModelStreamErrorException
    ModelUnavailableError ModelServerError ModelServingError InternalFailure InternalServiceError InternalError.Algo SystemError
    ServiceException BadGatewayError BadGatewayException DependencyFailedException APIInternalError JSONDecodeError
    APIResponseValidationError ResponseParserError DecodingError AI_JSONParseError ContentTypeError model_request_failed_error
    InternalDependencyException MPServerError`,
  unknown: `
    _OTHER Error Exception RuntimeError TypeError KeyError AttributeError ValueError AbortError APIUserAbortError CanceledError
    CancelledError CANCELLED ERR_CANCELED OperationCanceledException CancellationException GraphRecursionError MaxTurnsExceeded
    AI_NoOutputGeneratedError RunCancelled FileNotFoundError EACCES ENOENT NullPointerException ReferenceError APIError`,
};

const CASES = Object.entries(CODES).flatMap(([category, codes]) =>
  codes
    .trim()
    .split(/\s+/)
    .map((code) => [code, category] as const),
);

test.each(CASES)("error.type %s is %s", (code, category) => {
  const answer = categorizeError({ errorType: code });
  expect(answer.category, answer.rule).toBe(category);
  expect(categorizeError({ errorCode: code }).category).toBe(category);
});
