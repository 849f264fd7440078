// What an offer must say: the action, its targets and the preview, all bounded since a host wrote them.
import * as check from './checks.ts';
import type { Check } from './checks.ts';
import {
  capabilities,
  type OfferClaims,
  type OfferedAction,
  type OfferedProcess,
  type OfferPreview,
  signers,
} from './statements.ts';

const name = check.anyText(255);
const longText = check.anyText(4_096);
const pid = check.integer(1, 2 ** 32 - 1);
const port = check.integer(0, 65_535);
const count = check.integer(0, Number.MAX_SAFE_INTEGER);
const seconds = check.integer(0, 253_402_300_799);
/** Most members of a tree, and of each list of a preview. */
const mostTree = 512;
const mostShown = 20;
/** Of a target's name. */
const mostAddresses = 16;

const process: Check<OfferedProcess> = check.exact({
  pid,
  startTicks: check.digits,
  startedAt: seconds,
  name,
  executable: longText,
  sha256: check.orEmpty(check.hex(32)),
  device: check.anyText(64),
  inode: check.anyText(64),
  user: name,
  commandLine: longText,
});

const endpoint = check.exact({ address: check.anyText(64), port });

const action: Check<OfferedAction> = check.variant('kind', {
  terminate: check.exact({ kind: check.oneOf(['terminate']), process, tree: check.list(process, mostTree) }),
  'close-connection': check.exact({
    kind: check.oneOf(['close-connection']),
    protocol: check.oneOf(['tcp']),
    local: endpoint,
    remote: endpoint,
    cookie: check.digits,
    process: check.orNull(process),
  }),
  'run-tool': check.exact({
    kind: check.oneOf(['run-tool']),
    tool: check.anyText(32),
    parameters: longText,
    addresses: check.list(check.anyText(64), mostAddresses),
  }),
});

const preview: Check<OfferPreview> = check.exact({
  parent: check.orNull(check.exact({ pid: count, name })),
  unit: name,
  container: name,
  children: check.list(check.exact({ pid, name }), mostShown),
  childCount: count,
  connections: check.list(
    check.exact({ protocol: check.anyText(16), remote: name, name: check.anyText(1_012) }),
    mostShown,
  ),
  connectionCount: count,
  restartedBy: check.anyText(512),
  restartChecked: check.list(check.anyText(255), mostShown),
});

export const offerClaims: Check<OfferClaims> = check.exact({
  iss: check.bytes32,
  nonce: check.bytes32,
  bootId: check.anyText(64),
  iat: seconds,
  lifeSeconds: check.integer(1, 60),
  action,
  preview,
  allowed: check.set(check.oneOf(capabilities), capabilities.length),
  weakestSigner: check.oneOf(signers),
});
