// What the valid vectors of protocol version 3 hold: a host's policy, offers and commands with their answers, rosters, heads of audit chains.
import type { AgentFrame, CollectorFrame } from '../src/index.ts';

const requestId = Uint8Array.from({ length: 16 }, (_, i) => (0xc0 + i) & 255);
const thumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'; // of the key in RFC 8037, appendix A
/** The shape of a statement; what it says is tested elsewhere. */
const statement = (name: string) => `${name}.e30.c2lnbmF0dXJl`;

export const agentFrames: Record<string, [about: string, frame: AgentFrame]> = {
  'hello-policy': [
    'a host that says what its owner allows',
    {
      hello: {
        protocolVersion: 3,
        minimumVersion: 1,
        policy: {
          allowed: ['observe', 'probe', 'terminate'],
          weakestSigner: 'passkey',
          labels: ['env=prod', 'site=berlin'],
          networks: ['10.0.0.0/8', '2001:db8::/32'],
          ownerThumbprint: thumbprint,
          recoveryThumbprint: thumbprint,
          rosterSerial: 1_795_000_000,
          rosterExpiresUs: 1_797_592_000_000_000,
          source: '/etc/foretop-agent/ceiling.json',
          updatesAllowed: true,
          privilegeSplit: true,
          withheld: ['command-lines'],
        },
      },
    },
  ],
  offer: ['an offer', { offer: { requestId, offer: statement('offer') } }],
  'offer-refused': [
    'no offer, and why',
    { offer: { requestId, refusal: { code: 'protected', detail: 'PID 1 is protected.' } } },
  ],
  progress: ['a word while a command is carried out', { progress: { requestId, text: 'SIGTERM sent to 3 processes' } }],
  receipt: ['what came of a command', { receipt: { requestId, receipt: statement('receipt') } }],
  policy: [
    'a host whose file was edited, or that has a new roster',
    { policy: { allowed: ['observe'], weakestSigner: 'approve', rosterSerial: 1_795_000_001, source: 'no file' } },
  ],
  'agent-audit-head': ["the end of the host's audit chain", { auditHead: { head: statement('head') } }],
};

export const collectorFrames: Record<string, [about: string, frame: CollectorFrame]> = {
  'offer-request-terminate': [
    'asks what would happen if a process and its descendants were ended',
    {
      offerRequest: {
        requestId,
        operator: 'account alice',
        terminate: { pid: 4_711, startedUs: 1_795_000_000_000_000, tree: true },
      },
    },
  ],
  'offer-request-close-connection': [
    'asks the same of a connection',
    {
      offerRequest: {
        requestId,
        operator: 'token 3',
        closeConnection: {
          protocol: 6,
          localAddress: Uint8Array.of(10, 0, 0, 1),
          localPort: 443,
          remoteAddress: Uint8Array.of(192, 0, 2, 7),
          remotePort: 50_000,
          cookie: Number.MAX_SAFE_INTEGER,
        },
      },
    },
  ],
  'command-statement': [
    'a command by a key that signs statements',
    { command: { requestId, statement: statement('command') } },
  ],
  'command-passkey': [
    'a command by a passkey',
    {
      command: {
        requestId,
        passkey: {
          credentialId: Uint8Array.of(1, 2, 3),
          authenticatorData: new Uint8Array(37).fill(5),
          clientDataJson: new TextEncoder().encode('{"type":"webauthn.get"}'),
          signature: new Uint8Array(70).fill(9),
        },
      },
    },
  ],
  trust: [
    'a roster and the changes of the owner key that lead to its signer',
    { trust: { roster: statement('roster'), ownerChanges: [statement('first'), statement('second')] } },
  ],
  'trust-none': ['nobody may sign yet', { trust: {} }],
  'collector-audit-head': ["the end of the collector's audit chain", { auditHead: { head: statement('head') } }],
};
