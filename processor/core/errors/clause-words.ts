/**
 * The vocabulary of complaints: what a sentence speaks of (SUBJECTS) and what it says of it (COMPLAINTS). Providers, SDKs and
 * proxies word one failure in hundreds of ways, but nearly all of them out of these words. A word is listed in lower case
 * and, for nouns, without its plural "s"; two words with "_" between them count only together; what is written without
 * blanks or in another script stands in script-words.ts.
 */
export const SUBJECTS = {
  apiKey: `apikey api_key access_key secret_key auth_key license_key subscription_key provider_key service_key client_secret
    api_secret clé_api clave_api chave_api api_schlüssel chiave_api api_sleutel anahtar anahtarı klucz klucza khóa_api kunci_api`,
  /** Also a key of JSON or of a map. */
  looseKey: `key schlüssel clé clave`,
  credential: `credential cred password passphrase passcode secret username login signin logon sign_in log_in jwt oauth oidc bearer sso saml mfa
    auth authentication authenticate authenticated authenticating authorization authorisation authenticator idp iam certification credential_process apikeyhelper token_refresh token_exchange refresh_token anmeldung
    authentification autenticación autenticação autenticazione autentikasi xác_thực uwierzytelnianie uwierzytelniania`,
  /** Also a token of JSON or of a model. */
  looseToken: `token tokens session cookie signature jeton`,
  account: `account organization organisation org workspace tenant team user customer member caller project consumer subscriber konto
    compte cuenta conta hesap akun tài_khoản`,
  region: `country region territory location geo vpn ip`,
  access: `access permission privilege scope entitlement license licence licc allowlist whitelist firewall acl zugriff accès acceso acesso accesso erişim dostępu toegang akses`,
  money: `credit coin balance fund billing payment budget spend spending wallet invoice prepaid arrears subscription free_tier paid_tier
    your_plan current_plan paid_plan free_plan billing_plan coding_plan the_plan pricing_plan usage_tier trial usd dollar overage
    extra_usage pay billing_period monetary your_points cash recharge resource_pack token_pack free_resource guthaben crédit solde saldo crédito credito bakiye kredi środki środków tegoed số_dư tín_dụng kredit`,
  quota: `quota allowance allotment allocation usage consumption free_token free_tokens free_message free_messages free_image free_images
    free_minute free_minutes free_generation free_generations free_request free_requests free_call free_calls kontingent cuota cota kuota kullanım hạn_mức`,
  limit: `limit tageslimit monatslimit cap ceiling threshold maximum max limite límite limiti limiet batas limitu`,
  longWindow: `day daily week weekly month monthly today tomorrow yearly annual annually billing_period billing_cycle midnight today's tageslimit tageskontingent monatslimit täglich tägliche tägliches monatlich monatliche monatliches heute diario diaria mensual hoy
    mensal diário diária hoje mensuel mensuelle quotidien quotidienne journalier journalière günlük aylık harian bulanan dagelijkse giornaliero mensile`,
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
    text batch turn assistant anfrage eingabe entrada entrée feld requête champ campo solicitud requisição richiesta istek żądanie żądania verzoek permintaan yêu_cầu parametro parametre`,
  size: `zu_lang zu_groß demasiado_larga demasiado_largo muito_longa muito_longo trop_long trop_longue long large big size length context characters chars bytes mb kb megabytes pixels dimensions tokens context_window too_long too_large too_big too_short too_small longueur longitud länge`,
  wire: `connection connect connecting socket websocket network networking internet host hostname dns tls ssl proxy tunnel tcp peer handshake
    transport verbindung connexion conexión conexão connessione bağlantı połączenie verbinding kết_nối koneksi`,
  stream: `stream streaming chunk sse eof`,
  server: `server service upstream backend provider gateway internal runner daemon cluster node pod container database infrastructure
    inference engine serveur servidor servicio serviço dienst sunucu serwera serwer máy_chủ`,
  output: `output response answer completion reply generation candidate choices prediction antwort réponse respuesta resposta`,
  safety: `safety policy policies moderation guardrail content_filter content_filtering guidelines`,
  /** Limits of the caller's own loop. */
  tries: `retry retries attempt attempts iteration step depth recursion mistake redirect loop`,
  time: `time_limit timeout deadline timer time_budget allotted_time allowed_time duration`,
} as const satisfies Readonly<Record<string, string>>;

export const COMPLAINTS = {
  invalid: `invalid incorrect wrong bad malformed illegal unknown unrecognized unrecognised improper corrupt corrupted inconsistent
    mismatch mismatched unparseable unparsable ambiguous duplicate duplicated conflicting incompatible unreadable unacceptable
    undecodable ungültig ungültige ungültiger ungültiges invalide inválido inválida geçersiz nieprawidłowy nieprawidłowa nieprawidłowe ongeldig ongeldige`,
  missing: `missing absent empty blank undefined null omitted unset nonexistent environment_variable fehlt fehlende manquant manquante n'existe falta ausente brak bulunamadı mancante`,
  unsupported: `unsupported deprecated removed retired decommissioned discontinued obsolete unimplemented sunset`,
  denied: `denied deny denies forbidden banned restricted disallowed prohibited unauthorized unauthorised unauthenticated gated blacklisted blocklisted verweigert
    refusé denegado negado negato yetkisiz geweigerd ditolak odmowa`,
  /** By a filter, a guard or a checker. */
  rejected: `rejected rejects blocked refused flagged filtered violates violating violation harmful unsafe inappropriate`,
  expired: `expired revoked rotated disabled deactivated suspended inactive locked frozen leaked compromised invalidated abgelaufen expiré
    caducado expirado scaduto scaduta verlopen kedaluwarsa wygasł`,
  exceeded: `exceed exceeds exceeded exceeding over above beyond surpasses surpassed reached hit more_than longer_than larger_than bigger_than
    greater_than higher_than overflow at_maximum at_max at_capacity too_long too_large too_big too_many too_high too_much überschritten erreicht alcanzado atteint atteinte atingido zu_lang zu_groß demasiado_larga demasiado_largo muito_longa muito_longo
    trop_long trop_longue dépasse dépassé dépassée excedido excedida superado
    superada superato aşıldı overschreden melebihi vượt_quá przekroczono`,
  exhausted: `exhausted depleted consumed drained insufficient low negative spent used_up gone used_all all_used out_of ran_out run_out running_out used_all
    past_due no_more need_more needs_more require_more requires_more more_credits insuffisant insuficiente aufgebraucht agotado épuisé insufficiente esaurito yetersiz tükendi niewystarczające niewystarczająca onvoldoende habis hết`,
  required: `required require requires requiring need needs mandatory add purchase buy renew upgrade enable`,
  /** The shape that something should have had. */
  shape: `must should expected expects only between least cannot_be`,
  unavailable: `unavailable down offline outage maintenance unhealthy degraded restarting indisponible`,
  busy: `busy overloaded saturated full congested overwhelmed überlastet surchargé surchargée sobrecargado sobrecargada sobrecarregado sobrecarregada sovraccarico meşgul przeciążony overbelast sibuk quá_tải`,
  starting: `loading warming starting initializing initialising booting cold_start cold_boot spinning_up scaling`,
  throttled: `throttled throttling cooldown cooling_down cool_down slow_down too_quickly too_fast too_frequently too_often
    too_frequent rate_limited back_off limited_to`,
  failed: `failed fail fails failing failure error errored crashed crash died dead broke fault exception problem issue trouble panicked panic
    killed fehlgeschlagen fehler échoué échec erreur falló falhou erro errore hata hatası błąd fout mislukt kesalahan gagal lỗi unexpected_condition`,
  lost: `closed reset dropped lost disconnected disconnect interrupted unreachable terminated severed hung_up truncated incomplete
    prematurely premature aborted abruptly broken cut closing`,
  silent: `unresponsive stalled stall hang hanging no_response not_respond not_responding`,
} as const satisfies Readonly<Record<string, string>>;

/** What "not", "no", "cannot" before a word of these makes of it. */
export const NEGATED = {
  invalid: `valid validated recognized recognised correct match matches parse parsed conform recognize decode decoded read readable
    open opened gültig válido válida valide valida valido geldig hợp`,
  missing: `resolve resolved found find exist exists given provided set specified supplied present included passed located defined registered configured
    detected existiert existe gefunden trouvé trouvée encontrado encontrada text message image input`,
  unsupported: `enabled supported support supports compatible implemented accept accepted understand longer`,
  denied: `allowed permitted permit authorized authorised entitled eligible granted whitelisted verified approved access permission
    include cover member authenticate signed logged assume part`,
  expired: `active activated enabled activate`,
  exhausted: `enough sufficient remaining left afford credit balance fund mencukupi cukup đủ`,
  unavailable: `available working running healthy accessible verfügbar disponible disponível`,
  starting: `ready loaded`,
  failed: `process handle complete serve fulfill generate load start perform execute finish`,
  lost: `reach reachable connect establish resolve`,
  silent: `respond responding`,
} as const satisfies Readonly<Partial<Record<keyof typeof COMPLAINTS, string>>>;

export const NEGATIONS = `not no never without none cannot nothing neither unable couldn isn wasn doesn don didn can't couldn't isn't
  wasn't weren't aren't doesn't don't didn't won't hasn't haven't nicht kein keine ne pas sin não нет не non tidak niet geen không zero lacks lack failed fail fails failing`;

export type Subject = keyof typeof SUBJECTS;
export type Complaint = keyof typeof COMPLAINTS;
