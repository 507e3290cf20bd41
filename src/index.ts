/** The server surface: issue keys, keep them safe, judge every request. Re-exports only. */

export { createSealer, type SealContext, type Sealer, type SealerOptions } from './crypto/sealer.js'
export { DENIALS, type Denial, type DenialCode, WIRE_DETAILS, type WireCode } from './denials.js'
export {
  ConfigError,
  type ConfigErrorCode,
  KeyError,
  type KeyErrorCode,
  SealError,
  type SealErrorCode,
  StoreError,
  type StoreErrorCode,
} from './errors.js'
export { formatCredentials, type Handover, parseCredentials, type RevealableSecret } from './http/credentials-uri.js'
export type { WireHeaders, WireRequest } from './http/request.js'
export { defectProblem, failedProblem, type Problem, problemOf, unavailableProblem } from './http/respond.js'
export type {
  AddressRule,
  Cooldown,
  Grant,
  KeyRecord,
  KeyState,
  KeyView,
  Lapse,
  PendingConfirmation,
  PermissionModel,
  StoredSecret,
  WithdrawalAddress,
} from './key.js'
export {
  type AuditEvent,
  type AuditResult,
  auditTo,
  type DenialEvent,
  type OperationEvent,
  readAuditEntry,
} from './keys/audit.js'
export type { AuditValue, PolicyFields } from './keys/audit-fields.js'
export type { Principal } from './keys/compiled-key.js'
export type { ChosenPassphrase, Credentials, OfferedKeyPair } from './keys/credential-types.js'
export {
  type Credential,
  createMint,
  credentialPattern,
  type FoundCredential,
  findCredentials,
  type Mint,
  type MintOptions,
  parseCredential,
} from './keys/credentials.js'
export type { KeyManager } from './keys/key-manager.js'
export { createKeyManager } from './keys/manager.js'
export type { Ceiling, KeyManagerOptions } from './keys/manager-options.js'
export type {
  Asking,
  ChangedKey,
  ConfirmationMail,
  ConfirmKey,
  CreateKey,
  DerivedKey,
  DeriveKey,
  EditKey,
  EndAll,
  EndedKeys,
  EndKey,
  IssuedKey,
  KeyPage,
  ListKeys,
  OwnedKey,
  PendingChange,
  RegisterKey,
  RenewKey,
  RequestedKey,
  RevealKey,
  RotateKey,
  ThawedKeys,
  UnreadableKey,
} from './keys/manager-types.js'
export { credentialsToSvg, credentialsToTerminal } from './keys/qr.js'
export type { Secret } from './keys/secret.js'
export { type Actor, actorOf, type StepUpRequest } from './keys/step-up.js'
export type {
  ExpiryNotice,
  HouseAsking,
  ImportKey,
  KeyOfOwner,
  KeyUpkeep,
  LeakedKey,
  LeakReport,
  LeakResponse,
  MasterKeyCount,
  ResealedKeys,
  SweepKeys,
  SweptKeys,
  UpkeepStep,
} from './keys/upkeep-types.js'
export {
  type ClientAddress,
  type ClientIpDecision,
  type ClientIpHop,
  type ClientIpOptions,
  clientIp,
  type ForwardingHeaders,
} from './net/client-ip.js'
export { type Allowlist, compileAllowlist } from './policy/ip-allowlist.js'
export { defineKeyPolicy, standardKeyPolicy } from './policy/key-policy.js'
export {
  type OpenApiComponents,
  type OpenApiOperation,
  type OpenApiOptions,
  type OpenApiPart,
  type OpenApiPath,
  openApiOf,
  type PathParameter,
  type SecurityRequirement,
} from './policy/openapi.js'
export { type OpenApiDocument, type SecureOpenApiOptions, secureOpenApi } from './policy/openapi-merge.js'
export type { JsonSchema, ProblemResponses } from './policy/openapi-problems.js'
export type { SecurityScheme } from './policy/openapi-schemes.js'
export { defineOperations } from './policy/operations.js'
export { definePermissions, type PermissionDefinition } from './policy/permissions.js'
export {
  anyPermission,
  defineRoutes,
  publicRoute,
  type Route,
  type RouteDeclarations,
  type RoutePermission,
  type RouteRow,
  type Routes,
} from './policy/routes.js'
export { type ListedRoute, undeclaredRoutes, unservedRoutes } from './policy/undeclared.js'
export type {
  KeyLimits,
  KeyPolicy,
  KeyRules,
  Operation,
  OperationRule,
  OperationTable,
  Preset,
  PresetScheme,
  Role,
  StepUp,
} from './preset.js'
export type { Claim, Component, Freshness, Malformed, Proof, Scheme, Stamp } from './scheme.js'
export type {
  AuditEntry,
  AuditSink,
  Awaitable,
  InvalidationChannel,
  KeyRow,
  KeyStore,
  KeyUsage,
  ListQuery,
  ReplayStore,
  ScanQuery,
  UsageStore,
} from './store.js'
export type { Clock } from './time.js'
export type { BodyDigest } from './verify/arriving-digest.js'
export { auditDecisions, decisionToAudit } from './verify/audit-decisions.js'
export type { SelfDescription } from './verify/describe.js'
export type { Requirement } from './verify/requirements.js'
export type { Allowed, Decision, Denied, Verdict } from './verify/verdict.js'
export { createVerifier, type Verifier } from './verify/verifier.js'
export type { VerifierOptions } from './verify/verifier-options.js'
