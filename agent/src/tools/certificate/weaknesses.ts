// What is wrong, or soon will be, with a server's certificate and the TLS that it speaks.
import type { X509Certificate } from 'node:crypto';
import type { CertificateEvent } from '@foretop/proto/tools';
import { keyOf, signatureOf } from './chain.ts';

export type Weakness = CertificateEvent['weaknesses'][number];

export interface Looked {
  chain: readonly X509Certificate[];
  nameMatches: boolean;
  /** As the person named it. */
  name: string;
  /** OpenSSL's word for why the chain is not accepted; empty = it is. */
  reason: string;
  protocol: string;
  cipher: string;
  /** Old versions that the server still speaks: "TLS 1.0". */
  oldProtocols: readonly string[];
  nowMs: number;
}

const dayMs = 86_400_000;
/** CA/Browser Forum, Baseline Requirements section 6.3.2, until March 2026. */
const longestDays = 398;

export function weaknessesOf(looked: Looked): Weakness[] {
  return [
    ...ofLeaf(looked),
    ...looked.chain.flatMap((one, index) => ofCertificate(one, index, looked)),
    ...ofProtocol(looked),
  ];
}

function ofLeaf({ chain, nameMatches, name, reason }: Looked): Weakness[] {
  const leaf = chain[0];
  if (!leaf) return [high('no certificate was sent')];
  const found: Weakness[] = [];
  const isSelfSigned = leaf.issuer === leaf.subject && reason.includes('SELF_SIGNED');
  if (isSelfSigned) found.push(high('self-signed'));
  else if (reason !== '' && !/EXPIRED|NOT_YET_VALID/.test(reason)) found.push(high(`not trusted: ${reason}`));
  if (!nameMatches) found.push(high(`not for ${name.slice(0, 200)}`));
  if (!leaf.subjectAltName) found.push(medium('names nobody: it has no subjectAltName'));
  const days = (Number(leaf.validToDate) - Number(leaf.validFromDate)) / dayMs;
  if (days > longestDays + 1)
    found.push(low(`valid for ${Math.round(days)} days, longer than browsers accept of public ones`));
  return found;
}

function ofCertificate(certificate: X509Certificate, index: number, { nowMs }: Looked): Weakness[] {
  const which = index === 0 ? '' : `certificate ${index + 1} of the chain: `;
  const isRoot = index > 0 && certificate.issuer === certificate.subject;
  const found: Weakness[] = [];
  const startsMs = Number(certificate.validFromDate) - nowMs;
  const endsMs = Number(certificate.validToDate) - nowMs;
  const days = Math.floor(endsMs / dayMs);
  if (endsMs < 0) found.push(high(`${which}expired ${daysText(-endsMs)} ago`));
  else if (days < 7) found.push(medium(`${which}expires in ${daysText(endsMs)}`));
  else if (days < 30) found.push(low(`${which}expires in ${days} days`));
  if (startsMs > 0) found.push(high(`${which}not valid before ${daysText(startsMs)} from now`));
  const { type, bits, curve } = keyOf(certificate);
  if (type === 'rsa' && bits < 2_048) found.push(high(`${which}RSA key of ${bits} bits`));
  if (type === 'ec' && /\D(1\d\d|2[0-4]\d)\D/.test(` ${curve} `)) found.push(high(`${which}short curve ${curve}`));
  if (type === 'dsa') found.push(high(`${which}DSA key`));
  // A root is believed for being there, not for its signature.
  const hash = /md5|md2|sha1(?!\d)/i.exec(signatureOf(certificate).replaceAll('-', ''))?.[0].toUpperCase();
  if (hash !== undefined && !isRoot) found.push(high(`${which}${hash === 'SHA1' ? 'SHA-1' : hash} signature`));
  return found;
}

function ofProtocol({ protocol, cipher, oldProtocols }: Looked): Weakness[] {
  const found = oldProtocols.map((old) => medium(`${old} accepted`));
  if (/RC4|DES|NULL|EXP|MD5/i.test(cipher)) found.push(high(`broken cipher ${cipher}`));
  else if (protocol !== 'TLSv1.3' && !/GCM|CCM|CHACHA/i.test(cipher))
    found.push(low(`cipher without authentication built in: ${cipher}`));
  if (protocol !== 'TLSv1.3' && !/^(ECDHE|DHE)/.test(cipher)) found.push(low('no forward secrecy'));
  return found;
}

const daysText = (ms: number) => {
  const days = Math.floor(ms / dayMs);
  return days >= 2 ? `${days} days` : `${Math.max(1, Math.round(ms / 3_600_000))} hours`;
};

const high = (text: string): Weakness => ({ severity: 'high', text: text.slice(0, 255) });
const medium = (text: string): Weakness => ({ severity: 'medium', text: text.slice(0, 255) });
const low = (text: string): Weakness => ({ severity: 'low', text: text.slice(0, 255) });
