/**
 * The vocabulary of complaints: what a sentence speaks of (SUBJECTS) and what it says of it (COMPLAINTS). Providers, SDKs and
 * proxies word one failure in hundreds of ways, but nearly all of them out of these words. A word is listed in lower case
 * and, for nouns, without its plural "s"; two words with "_" between them count only together; what is written without
 * blanks (Chinese, Japanese) stands in SCRIPT_WORDS.
 */
export const SUBJECTS = {
  apiKey: `apikey api_key access_key secret_key auth_key license_key subscription_key provider_key service_key client_secret
    api_secret clé_api clave_api chave_api api_schlüssel`,
  /** Also a key of JSON or of a map. */
  looseKey: `key schlüssel clé clave`,
  credential: `credential cred password passphrase passcode secret username login signin logon sign_in log_in jwt oauth oidc bearer sso saml mfa
    auth authentication authenticate authenticated authenticating authorization authorisation authenticator idp iam certification credential_process apikeyhelper token_refresh token_exchange refresh_token anmeldung
    authentification autenticación autenticação`,
  /** Also a token of JSON or of a model. */
  looseToken: `token session cookie signature jeton`,
  account: `account organization organisation org workspace tenant team user customer member caller project consumer subscriber konto
    compte cuenta conta`,
  region: `country region territory location geo vpn ip`,
  access: `access permission privilege scope entitlement allowlist whitelist firewall acl zugriff accès acceso acesso`,
  money: `credit balance fund billing payment budget spend spending wallet invoice prepaid arrears subscription free_tier paid_tier
    your_plan current_plan paid_plan free_plan billing_plan coding_plan the_plan pricing_plan usage_tier trial usd dollar overage
    extra_usage pay billing_period monetary your_points cash recharge resource_pack token_pack free_resource guthaben crédit solde saldo crédito`,
  quota: `quota allowance allotment allocation usage consumption kontingent cuota cota`,
  limit: `limit cap ceiling threshold maximum max limite límite`,
  longWindow: `day daily week weekly month monthly today tomorrow yearly annual annually billing_period billing_cycle midnight`,
  shortWindow: `minute min second sec hour hourly rpm tpm rps qps`,
  rate: `rate requests calls queries invocations concurrency concurrent concurrently parallel simultaneous simultaneously frequency
    throughput burst in_flight rpm tpm rps qps`,
  capacity: `capacity slot gpu accelerator replica worker queue demand traffic load resources kv compute kapazität capacité`,
  model: `model deployment checkpoint adapter lora modell modèle modelo`,
  resource: `endpoint route path url uri page resource operation method feature capability modality api version`,
  request: `request parameter param argument arg field value property option schema json payload body input message content role action
    format type tool function prompt image audio video file document header query instruction conversation history template
    grammar encoding mime media variable string number integer float boolean enum array list object regex pattern parser
    element item entry attribute dimension reasoning thinking temperature logprobs sequence attachment pdf id name embedding
    text batch turn assistant anfrage requête solicitud requisição`,
  size: `long large big size length context characters chars bytes mb kb megabytes pixels dimensions tokens context_window too_long too_large too_big too_short too_small longueur longitud länge`,
  wire: `connection connect connecting socket websocket network networking internet host hostname dns tls ssl proxy tunnel tcp peer handshake
    transport verbindung connexion conexión conexão`,
  stream: `stream streaming chunk sse eof`,
  server: `server service upstream backend provider gateway internal runner daemon cluster node pod container database infrastructure
    inference engine serveur servidor dienst`,
  output: `output response answer completion reply generation candidate choices prediction antwort réponse respuesta resposta`,
  safety: `safety policy policies moderation guardrail content_filter content_filtering guidelines`,
  /** Limits of the caller's own loop. */
  tries: `retry retries attempt attempts iteration step depth recursion mistake redirect loop`,
  time: `time_limit timeout deadline timer time_budget allotted_time allowed_time duration`,
} as const satisfies Readonly<Record<string, string>>;

export const COMPLAINTS = {
  invalid: `invalid incorrect wrong bad malformed illegal unknown unrecognized unrecognised improper corrupt corrupted inconsistent
    mismatch mismatched unparseable unparsable ambiguous duplicate duplicated conflicting incompatible unreadable unacceptable
    undecodable ungültig ungültige ungültiger ungültiges invalide inválido inválida`,
  missing: `missing absent empty blank undefined null omitted unset nonexistent environment_variable fehlt fehlende manquant manquante falta ausente`,
  unsupported: `unsupported deprecated removed retired decommissioned discontinued obsolete unimplemented sunset`,
  denied: `denied deny denies forbidden banned restricted disallowed prohibited unauthorized unauthorised unauthenticated gated blacklisted blocklisted verweigert
    refusé denegado negado`,
  /** By a filter, a guard or a checker. */
  rejected: `rejected rejects blocked refused flagged filtered violates violating violation harmful unsafe inappropriate`,
  expired: `expired revoked rotated disabled deactivated suspended inactive locked frozen leaked compromised invalidated abgelaufen expiré
    caducado expirado`,
  exceeded: `exceed exceeds exceeded exceeding over above beyond surpasses surpassed reached hit more_than longer_than larger_than bigger_than
    greater_than higher_than overflow at_maximum at_max at_capacity too_long too_large too_big too_many too_high too_much überschritten dépassé dépassée excedido excedida superado
    superada`,
  exhausted: `exhausted depleted consumed drained insufficient low negative spent used_up out_of ran_out run_out running_out used_all
    past_due no_more need_more needs_more require_more requires_more more_credits insuffisant insuficiente aufgebraucht agotado épuisé`,
  required: `required require requires requiring need needs mandatory add purchase buy renew upgrade enable`,
  /** The shape that something should have had. */
  shape: `must should expected expects only between least cannot_be`,
  unavailable: `unavailable down offline outage maintenance unhealthy degraded restarting indisponible`,
  busy: `busy overloaded saturated full congested overwhelmed überlastet surchargé sobrecargado`,
  starting: `loading warming starting initializing initialising booting cold_start cold_boot spinning_up scaling`,
  throttled: `throttled throttling cooldown cooling_down cool_down slow_down too_quickly too_fast too_frequently too_often
    too_frequent rate_limited back_off limited_to`,
  failed: `failed fail fails failing failure error errored crashed crash died dead broke fault exception problem issue trouble panicked panic
    killed fehlgeschlagen fehler échoué échec erreur falló falhou erro unexpected_condition`,
  lost: `closed reset dropped lost disconnected disconnect interrupted unreachable terminated severed hung_up truncated incomplete
    prematurely premature aborted abruptly broken cut closing`,
  silent: `unresponsive stalled stall hang hanging no_response not_respond not_responding`,
} as const satisfies Readonly<Record<string, string>>;

/** What "not", "no", "cannot" before a word of these makes of it. */
export const NEGATED = {
  invalid: `valid validated recognized recognised correct match matches parse parsed conform recognize decode decoded read readable
    open opened gültig válido válida`,
  missing: `resolve resolved found find exist exists given provided set specified supplied present included passed located defined registered configured
    detected gefunden trouvé trouvée encontrado encontrada text message image input`,
  unsupported: `enabled supported support supports compatible implemented accept accepted understand longer`,
  denied: `allowed permitted permit authorized authorised entitled eligible granted whitelisted verified approved access permission
    include cover member authenticate signed logged assume part`,
  expired: `active activated enabled activate`,
  exhausted: `enough sufficient remaining left afford credit balance fund`,
  unavailable: `available working running healthy accessible verfügbar disponible disponível`,
  starting: `ready loaded`,
  failed: `process handle complete serve fulfill generate load start perform execute finish`,
  lost: `reach reachable connect establish resolve`,
  silent: `respond responding`,
} as const satisfies Readonly<Partial<Record<keyof typeof COMPLAINTS, string>>>;

export const NEGATIONS = `not no never without none cannot nothing neither unable couldn isn wasn doesn don didn can't couldn't isn't
  wasn't weren't aren't doesn't don't didn't won't hasn't haven't nicht kein keine ne pas sin não нет не zero lacks lack failed fail fails failing`;

/** Parts of words, for scripts without blanks and for a language that bends every word. */
export const SCRIPT_WORDS = {
  subjects: {
    apiKey: "密钥 令牌 キー",
    credential: "认证 鉴权 身份 登录 凭证 認証",
    looseKey: "ключ",
    looseToken: "签名 token",
    account: "账户 账号 帐户 组织 アカウント",
    access: "权限 授权 アクセス доступ",
    money: "余额 额度 欠费 充值 付费 套餐 资源包 积分 账单 消费 残高 クレジット баланс средств кредит",
    quota: "配额 限额 用量 квот",
    limit: "限制 上限 лимит",
    longWindow: "每日 每天 当日 今日 每月 本月 每周",
    shortWindow: "每分钟 每秒",
    rate: "频率 并发 次数 速率 レート",
    capacity: "容量 算力 资源 负载",
    model: "模型 モデル модел",
    request: "参数 请求 内容 输入 消息 格式 字段 图片 文件 提示词 リクエスト 入力 パラメータ запрос параметр",
    size: "长度 上下文 过长 超长 过大 長さ",
    wire: "连接 网络 接続 ネットワーク соединени подключ",
    server: "服务 系统 上游 内部 サーバー сервер",
    safety: "敏感 违规 审核",
  },
  complaints: {
    invalid: "无效 错误 不合法 非法 不正确 有误 無効 不正 неверн недейств",
    missing: "不存在 缺少 缺失 为空 未找到 未提供 未设置 見つかりません 必要 найден отсутств",
    unsupported: "不支持 已下线 已停用 サポートされていません",
    denied: "拒绝 禁止 无权 没有权限 封禁 未经 拒否 запрещ отказано",
    rejected: "敏感 违规 拦截",
    expired: "过期 失效 禁用 停用 冻结 到期 期限切れ истек",
    exceeded: "超过 超出 超限 达到 过长 过大 超长 超え 長すぎ 压缩 превыш",
    exhausted: "不足 耗尽 用完 用尽 欠费 недостат исчерп",
    busy: "繁忙 拥挤 饱和 过载 過負荷 перегруж",
    throttled: "频繁 过快 限流 多すぎ",
    failed: "失败 异常 出错 故障 失敗 エラー ошибк",
    lost: "断开 中断 关闭 重置 切断 разорван закрыт",
    unavailable: "不可用 无可用 维护 利用できません",
  },
} as const satisfies {
  readonly subjects: Readonly<Partial<Record<keyof typeof SUBJECTS, string>>>;
  readonly complaints: Readonly<Partial<Record<keyof typeof COMPLAINTS, string>>>;
};

export type Subject = keyof typeof SUBJECTS;
export type Complaint = keyof typeof COMPLAINTS;
