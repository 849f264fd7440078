// A certificate authority for a test, and a certificate of one name, made by openssl in a container of the host image.
import { docker } from './docker.ts';
import { hostImage } from './systemd-host.ts';

export interface Certificates {
  /** All in PEM. */
  authority: string;
  key: string;
  cert: string;
}

export function makeCertificates(name: string): Certificates {
  const script = `cd /tmp && exec 2>/dev/null
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -days 2 -subj '/CN=Lab authority' -out ca.pem
openssl ecparam -name prime256v1 -genkey -noout -out leaf.key
openssl req -new -key leaf.key -subj '/CN=${name}' -out leaf.csr
printf 'subjectAltName=DNS:${name}' >extensions
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out leaf.pem
cat ca.pem; echo =====; cat leaf.key; echo =====; cat leaf.pem`;
  const [authority, key, cert] = docker('run', '--rm', hostImage, 'sh', '-c', script).split('=====\n');
  if (!cert?.includes('CERTIFICATE')) throw new Error('openssl made no certificates');
  return { authority: authority!, key: key!, cert };
}
