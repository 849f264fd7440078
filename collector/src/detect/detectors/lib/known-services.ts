// Services that are meant to be called at regular times: by the part of a name that their makers publish for firewalls, and by port.
// A name is what the host resolved or asked for, and can be a lie: it lowers a finding and never hides one that came by SNI only.

import type { Knowledge } from '../../detector.ts';

interface KnownService {
  what: string;
  /** The name itself or what it ends in, behind a dot. */
  suffixes: readonly string[];
}

const services: readonly KnownService[] = [
  {
    // https://learn.microsoft.com/windows/privacy/manage-windows-11-endpoints and /deployment/do/delivery-optimization-endpoints
    what: 'Windows updates, telemetry and notifications',
    suffixes: [
      'windowsupdate.com',
      'update.microsoft.com',
      'delivery.mp.microsoft.com',
      'dsp.mp.microsoft.com',
      'data.microsoft.com',
      'metaservices.microsoft.com',
      'wns.windows.com',
      'msftncsi.com',
      'msftconnecttest.com',
      'weather.microsoft.com',
      'api.iris.microsoft.com',
      'arc.msn.com',
      'g.live.com',
      'login.live.com',
      'config.edge.skype.com',
      'edge.microsoft.com',
      'smartscreen.microsoft.com',
      'smartscreen-prod.microsoft.com',
      'wdcp.microsoft.com',
      'wd.microsoft.com',
      'activity.windows.com',
      'office.com',
      'office365.com',
      'officeapps.live.com',
      'teams.microsoft.com',
    ],
  },
  {
    // https://support.apple.com/101555 (Use Apple products on enterprise networks)
    what: 'Apple updates and push',
    suffixes: [
      'push.apple.com',
      'push-apple.com.akadns.net',
      'mesu.apple.com',
      'swscan.apple.com',
      'xp.apple.com',
      'captive.apple.com',
      'gsp-ssl.ls.apple.com',
      'configuration.apple.com',
      'icloud.com',
      'itunes.apple.com',
    ],
  },
  {
    // https://support.google.com/chrome/a/answer/6334001 and https://firebase.google.com/docs/cloud-messaging/concept-options
    what: 'Google updates and push',
    suffixes: [
      'mtalk.google.com',
      'update.googleapis.com',
      'safebrowsing.googleapis.com',
      'safebrowsing.google.com',
      'clients1.google.com',
      'clients2.google.com',
      'clients3.google.com',
      'clients4.google.com',
      'clients6.google.com',
      'connectivitycheck.gstatic.com',
      'play.googleapis.com',
      'fcm.googleapis.com',
      'firebaseinstallations.googleapis.com',
      'content-autofill.googleapis.com',
      'optimizationguide-pa.googleapis.com',
      'gvt1.com',
      'gvt2.com',
    ],
  },
  {
    // https://support.mozilla.org/kb/how-stop-firefox-making-automatic-connections
    what: 'Firefox updates and push',
    suffixes: [
      'services.mozilla.com',
      'detectportal.firefox.com',
      'cdn.mozilla.net',
      'aus5.mozilla.org',
      'telemetry.mozilla.org',
    ],
  },
  {
    // Each distribution's own documentation of its mirrors, snapd's network requirements, NetworkManager.conf(5) on connectivity checks
    what: 'package mirrors and connectivity checks',
    suffixes: [
      'archive.ubuntu.com',
      'security.ubuntu.com',
      'connectivity-check.ubuntu.com',
      'motd.ubuntu.com',
      'esm.ubuntu.com',
      'contracts.canonical.com',
      'livepatch.canonical.com',
      'api.snapcraft.io',
      'deb.debian.org',
      'security.debian.org',
      'fedoraproject.org',
      'mirrors.centos.org',
      'cdn.redhat.com',
      'subscription.rhsm.redhat.com',
      'network-test.debian.org',
      'nmcheck.gnome.org',
      'ping.archlinux.org',
      'cdn.fwupd.org',
    ],
  },
  {
    // CA/Browser Forum baseline requirements 7.1.2: OCSP and CRL addresses that certificates carry
    what: 'certificate status',
    suffixes: [
      'ocsp.digicert.com',
      'crl.digicert.com',
      'ocsp.sectigo.com',
      'ocsp.pki.goog',
      'c.pki.goog',
      'o.pki.goog',
      'lencr.org',
      'symcb.com',
      'symcd.com',
      'ocsp.entrust.net',
      'ocsp.globalsign.com',
    ],
  },
  {
    // The agents' own installation pages (allow lists)
    what: 'monitoring and management agents',
    suffixes: [
      'datadoghq.com',
      'datadoghq.eu',
      'newrelic.com',
      'nr-data.net',
      'grafana.net',
      'sentry.io',
      'splunkcloud.com',
      'elastic-cloud.com',
      'dynatrace.com',
      'logicmonitor.com',
      'ssm.amazonaws.com',
      'ods.opinsights.azure.com',
      'guestconfiguration.azure.com',
      'cloudsink.net',
      'tailscale.com',
    ],
  },
  {
    // pool.ntp.org, https://www.rfc-editor.org/rfc/rfc8633 for operators' own names
    what: 'time servers',
    suffixes: [
      'ntp.org',
      'time.windows.com',
      'time.apple.com',
      'time.google.com',
      'time.cloudflare.com',
      'ntp.ubuntu.com',
    ],
  },
];

const bySuffix = new Map(services.flatMap((service) => service.suffixes.map((suffix) => [suffix, service.what])));

/** What a name stands for, if its maker says so; at most eight endings of it are looked at. */
export function knownService(name: string): string | undefined {
  let suffix = name;
  for (let labels = 0; labels < 8 && suffix !== ''; labels++) {
    const what = bySuffix.get(suffix);
    if (what !== undefined) return what;
    const dot = suffix.indexOf('.');
    if (dot < 0) return undefined;
    suffix = suffix.slice(dot + 1);
  }
  return undefined;
}

/** IANA service names whose protocol is periodic by itself: [protocol, port]. */
const periodicPorts = new Map<string, string>([
  ['17/123', 'NTP (RFC 5905)'],
  ['17/67', 'DHCP (RFC 2131)'],
  ['17/68', 'DHCP (RFC 2131)'],
  ['17/546', 'DHCPv6 (RFC 8415)'],
  ['17/547', 'DHCPv6 (RFC 8415)'],
  ['17/5353', 'mDNS (RFC 6762)'],
  ['17/5355', 'LLMNR (RFC 4795)'],
  ['6/5355', 'LLMNR (RFC 4795)'],
  ['17/1900', 'SSDP (UPnP device architecture)'],
  ['17/3702', 'WS-Discovery (OASIS)'],
  ['17/137', 'NetBIOS names (RFC 1002)'],
  ['17/138', 'NetBIOS datagrams (RFC 1002)'],
  ['17/5351', 'NAT-PMP and PCP (RFC 6887)'],
  ['17/520', 'RIP (RFC 2453)'],
  ['17/3478', 'STUN (RFC 8489)'],
  ['17/19302', 'STUN (as Google offers it)'],
  ['17/4500', 'IPsec keepalives (RFC 3948)'],
  ['17/500', 'IKE (RFC 7296)'],
  ['17/161', 'SNMP (RFC 3411)'],
  ['17/514', 'syslog (RFC 5426)'],
]);

/** Protocols whose clients ask or keep alive at a rhythm, whoever is at the other end (IANA service names). */
const polledPorts = new Map<string, string>([
  ['17/53', 'DNS'],
  ['6/53', 'DNS'],
  ['6/853', 'DNS over TLS'],
  ['17/853', 'DNS over QUIC'],
  ['6/110', 'mail (POP3)'],
  ['6/143', 'mail (IMAP)'],
  ['6/993', 'mail (IMAP)'],
  ['6/995', 'mail (POP3)'],
  ['6/1883', 'MQTT'],
  ['6/8883', 'MQTT'],
  ['6/5222', 'XMPP'],
  ['6/5223', 'push (Apple)'],
  ['6/5228', 'push (Google)'],
  ['17/5060', 'SIP'],
  ['6/5060', 'SIP'],
  ['6/5061', 'SIP'],
  ['17/1194', 'OpenVPN'],
  ['17/51820', 'WireGuard'],
  ['17/3544', 'Teredo'],
  ...Array.from({ length: 9 }, (_, at) => [`6/${6881 + at}`, 'BitTorrent'] as const),
  ...Array.from({ length: 9 }, (_, at) => [`17/${6881 + at}`, 'BitTorrent'] as const),
]);

export function polledProtocol(protocol: number, port: number): string | undefined {
  return polledPorts.get(`${protocol}/${port}`);
}

/** Directories, files, printers, databases, monitoring: programs inside call them all day (IANA service names). */
export const insidePorts: ReadonlySet<number> = new Set([
  88, 111, 135, 139, 161, 162, 389, 445, 464, 514, 515, 631, 636, 1433, 1521, 2049, 3268, 3269, 3306, 5432, 5671, 5672,
  5985, 5986, 6379, 6443, 6514, 8086, 9042, 9090, 9092, 9093, 9100, 9200, 10050, 10051, 11211, 27017,
]);

export function periodicProtocol(protocol: number, port: number): string | undefined {
  return periodicPorts.get(`${protocol}/${port}`);
}

/** Networks of makers of operating systems and of their content networks, by the organisation's name in the address table. */
const makers = /\b(microsoft|akamai|apple|google|mozilla|canonical|edgecast|edgio|fastly|limelight)\b/i;

export function isMakersNetwork(organisation: string | undefined): boolean {
  return organisation !== undefined && makers.test(organisation);
}

/** Under these everybody rents a place: what the fleet has in common there says nothing. The providers' own documents of their addresses. */
const rented = new Set([
  'amazonaws.com',
  'cloudfront.net',
  'azurewebsites.net',
  'azureedge.net',
  'azurefd.net',
  'cloudapp.net',
  'azure.com',
  'windows.net',
  'googleusercontent.com',
  'appspot.com',
  'run.app',
  'herokuapp.com',
  'workers.dev',
  'pages.dev',
  'trycloudflare.com',
  'ngrok.io',
  'ngrok-free.app',
  'github.io',
  'duckdns.org',
  'digitaloceanspaces.com',
  'linodeusercontent.com',
  'akamaized.net',
  'fastly.net',
]);

/** Of a name's registrable part, as the fleet is counted, but not of rented places. */
export function destinationPrevalence(knowledge: Knowledge, destination: string): { hosts: number; fleet: number } {
  const registrable = knowledge.registrableDomain(destination) ?? destination;
  const counted = knowledge.prevalence('destination', registrable);
  return rented.has(registrable) ? { ...counted, hosts: Math.min(counted.hosts, 1) } : counted;
}
