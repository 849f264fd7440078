// Certificate check: what a TLS server shows, whether this host would believe it, and what is weak about it.
import { checkServerIdentity, type SecureVersion, type TLSSocket } from 'node:tls';
import { type CertificateEvent, toolLimits } from '@foretop/proto/tools';
import { aimAt } from '../aim.ts';
import { counted, lineOf } from '../text.ts';
import type { Tool, ToolContext } from '../tool.ts';
import { chainOf, shownCertificate } from './chain.ts';
import { type HandshakeOptions, shakeHands } from './handshake.ts';
import { weaknessesOf } from './weaknesses.ts';

const oldVersions: [SecureVersion, string][] = [
  ['TLSv1', 'TLS 1.0'],
  ['TLSv1.1', 'TLS 1.1'],
];

const mostWeaknesses = 30;

export const certificate: Tool<'certificate'> = {
  target: ({ target }) => target,
  aim: ({ target }, aid) => aimAt({ target, use: 'connect' }, aid),
  async run(context) {
    const { parameters, addresses, say, signal } = context;
    const name = (parameters.serverName || parameters.target).replace(/\.$/, '');
    const { port, startTls } = parameters;
    const options = { address: addresses[0]!, port, serverName: name, startTls };
    const socket = await shakeHands(options, signal);
    const oldProtocols = await askOldVersions(options, context).catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
    const event = lookAt(socket, name, oldProtocols);
    socket.destroy();
    say(event);
    const high = event.weaknesses.filter(({ severity }) => severity === 'high').length;
    const detail = `${event.trusted && event.nameMatches ? 'trusted for this name' : 'not trusted for this name'}, ${counted(event.weaknesses.length, 'weak point')}`;
    return { detail, summary: { certificates: event.chain.length, weaknesses: event.weaknesses.length, high } };
  },
};

function lookAt(socket: TLSSocket, name: string, oldProtocols: string[]): CertificateEvent {
  const chain = chainOf(socket);
  const leaf = chain[0];
  const reason = lineOf(reasonOf(socket), 255);
  const nameMatches = leaf !== undefined && checkServerIdentity(name, socket.getPeerCertificate(false)) === undefined;
  const protocol = socket.getProtocol() ?? '';
  const cipher = socket.getCipher().name;
  const looked = { chain, nameMatches, name, reason, protocol, cipher, oldProtocols, nowMs: Date.now() };
  const shown: CertificateEvent = {
    ...{ kind: 'certificate', protocol, cipher, trusted: reason === '' && leaf !== undefined },
    ...(reason !== '' && { reason }),
    nameMatches,
    chain: chain.map((one, index) => shownCertificate(one, index === 0)),
    weaknesses: weaknessesOf(looked).slice(0, mostWeaknesses),
  };
  // A long chain of large certificates: those nearest to the server are told.
  while (Buffer.byteLength(JSON.stringify(shown)) > toolLimits.eventBytes && shown.chain.length > 1) shown.chain.pop();
  return shown;
}

/** OpenSSL's code; its types call it an Error, and Node gives the code as a text. */
function reasonOf({ authorizationError }: TLSSocket): string {
  const error: unknown = authorizationError;
  if (error === null || error === undefined) return '';
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
}

/** Which of the old versions a server still speaks. */
async function askOldVersions(
  options: HandshakeOptions,
  { say, signal }: ToolContext<'certificate'>,
): Promise<string[]> {
  const accepted: string[] = [];
  for (const [done, [version, text]] of oldVersions.entries()) {
    say({ kind: 'progress', done, of: oldVersions.length, text: `whether ${text} is accepted` });
    try {
      (await shakeHands({ ...options, version }, signal)).destroy();
      accepted.push(text);
    } catch {
      signal.throwIfAborted(); // anything else: it is not accepted
    }
  }
  return accepted;
}
