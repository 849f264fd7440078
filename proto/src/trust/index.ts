// What agent, collector, command line and browser share about trust: statements, how they are signed and checked, refusals.
export * from './statements.ts';
export * from './refusals.ts';
export { type ClaimsOf, passkeyKey, publicJwk, rosterLifeSeconds } from './claims.ts';
export { commandDigest, sha256Text, thumbprint } from './digest.ts';
export { importPasskey, type PasskeyAssertion, verifyPasskey } from './passkey.ts';
export { findOperator, isStrongEnough, mayDo, operatorThumbprint, type RosterHost } from './roster.ts';
export { mostRosterLength, mostStatementLength, peekStatement, readStatement, signStatement } from './statement.ts';
export { StatementError, type StatementErrorCode } from './statement-error.ts';
