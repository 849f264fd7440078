// A server's certificates as text, each with what it says of itself: bounded, and shown as it stands.
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { CertificateEvent } from '@foretop/proto/tools';
import { lineOf } from '../text.ts';

const mostCertificates = 10;
const mostNames = 100;
const nameLength = 255;
const subjectLength = 400;
/** All names of a certificate, as they go into an event, bytes. */
const namesBytes = 6_000;

export type ShownCertificate = CertificateEvent['chain'][number];

/** From the server's own on upwards, with the root if the host has it. */
export function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<string>();
  let next = socket.getPeerX509Certificate();
  while (next && chain.length < mostCertificates && !seen.has(next.fingerprint256)) {
    seen.add(next.fingerprint256);
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

export function shownCertificate(certificate: X509Certificate, withNames: boolean): ShownCertificate {
  const { subject, issuer, serialNumber, validFromDate, validToDate, fingerprint256 } = certificate;
  return {
    subject: lineOf(oneLine(subject), subjectLength),
    issuer: lineOf(oneLine(issuer), subjectLength),
    names: withNames ? namesOf(certificate) : [],
    serial: lineOf(serialNumber, 128),
    notBefore: isoDate(validFromDate),
    notAfter: isoDate(validToDate),
    key: keyText(certificate),
    signature: signatureOf(certificate),
    sha256: fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

export interface KeyFacts {
  type: string;
  /** 0 = says nothing. */
  bits: number;
  curve: string;
}

/** Of a key that OpenSSL cannot read the type is empty. */
export function keyOf(certificate: X509Certificate): KeyFacts {
  try {
    const { asymmetricKeyType = '', asymmetricKeyDetails: details } = certificate.publicKey;
    return { type: asymmetricKeyType, bits: details?.modulusLength ?? 0, curve: details?.namedCurve ?? '' };
  } catch {
    return { type: '', bits: 0, curve: '' };
  }
}

/** OpenSSL's name, such as "sha256WithRSAEncryption" or "ecdsa-with-SHA384". */
export function signatureOf({ signatureAlgorithm = '' }: X509Certificate): string {
  return lineOf(signatureAlgorithm, nameLength);
}

function keyText(certificate: X509Certificate): string {
  const { type, bits, curve } = keyOf(certificate);
  if (type === '') return 'a key that cannot be read';
  return `${type.toUpperCase()}${bits > 0 ? ` ${bits}` : ''}${curve === '' ? '' : ` ${curve}`}`;
}

function namesOf({ subjectAltName }: X509Certificate): string[] {
  const names: string[] = [];
  let room = namesBytes;
  // Quoted parts hold what could be taken for another name (Node writes them as JSON).
  for (const [part] of (subjectAltName ?? '').matchAll(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g)) {
    const name = lineOf(part.trim().replace(/^(DNS|IP Address):/, ''), nameLength);
    room -= Buffer.byteLength(name) + 3;
    if (room < 0 || names.length >= mostNames) break;
    if (name !== '') names.push(name);
  }
  return names;
}

function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}

function isoDate(date: Date | undefined): string {
  return date && Number.isFinite(date.getTime()) ? date.toISOString() : '';
}
