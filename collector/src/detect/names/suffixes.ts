// Suffixes under which a name means something else than "somebody registered this": rented, delegated to nobody, or not of the DNS.

/** Providers of dynamic names: anybody makes a label under these in a minute, and malware does. From the providers' own lists. */
const dynamicProviders = `
3322.org 3utilities.com 4nmn.com 8800.org 8866.org 9966.org accesscam.org afraid.org almostmy.com ath.cx blogdns.com blogdns.org
bounceme.net buyshouses.net camdvr.org casacam.net changeip.org chickenkiller.com cloudns.cc cloudns.cl cloudns.nz crabdance.com
ddns.info ddns.me ddns.mobi ddns.ms ddns.name ddns.net ddns.us ddnsfree.com ddnsgeek.com ddnsking.com ddnss.de ddnss.org dhcp.biz
dnsalias.com dnsalias.net dnsalias.org dnsdojo.com dnsdojo.net dnsdojo.org dnset.com dnsup.net doesntexist.com doesntexist.org
dsmtp.com dtdns.net duckdns.org dynalias.com dynalias.net dynalias.org dynamic-dns.net dyndns-home.com dyndns-ip.com dyndns-server.com
dyndns.biz dyndns.info dyndns.org dyndns.tv dyndns.ws dynserv.com dynu.net dynv6.net dynvpn.de eicp.net freeddns.org
freedynamicdns.net freedynamicdns.org fuettertdasnetz.de gicp.net giize.com gleeze.com goip.de gotdns.ch gotdns.com gotdns.org
homedns.org homeftp.net homeip.net homelinux.com homelinux.net homelinux.org homeunix.com homeunix.net homeunix.org hopto.me
hopto.org ignorelist.com imbbs.in is-a-geek.com is-a-geek.net is-a-geek.org is-by.us isa-geek.com isa-geek.net isa-geek.org
jumpingcrab.com kozow.com linkpc.net loginto.me loseyourip.com meibu.com mine.nu mooo.com mooo.info my-firewall.org my-gateway.de
my-router.de my-wan.de myddns.me myftp.biz myftp.org mynetav.net myphotos.cc mysecuritycamera.net myvnc.com mywire.org no-ip.biz
no-ip.ca no-ip.co.uk no-ip.info no-ip.net no-ip.org noip.me noip.us nsupdate.info onthewifi.com ooguy.com oray.net ourhobby.com
podzone.net podzone.org publicvm.com redirectme.net selfhost.eu selfip.biz selfip.com selfip.info selfip.net selfip.org servebbs.com
servebbs.net servebbs.org servebeer.com serveblog.net servecounterstrike.com serveexchange.com serveftp.com serveftp.net
serveftp.org servegame.com servegame.org servehalflife.com servehttp.com serveirc.com serveminecraft.net servemp3.com servepics.com
servequake.com spdns.de spdns.eu spdns.org strangled.net sytes.net theworkpc.com traeumtgerade.de tv-it.com twilightparadox.com
us.to vicp.cc vicp.net viewdns.net webhop.biz webhop.info webhop.me webhop.net webhop.org webredirect.org xicp.net yi.org zapto.org
`;

/** Names under these are made by their owner's machines and delegated to nobody: no tunnel can end there. */
const infrastructure = `
1e100.net a2z.com acm-validations.aws aiv-cdn.net aiv-delivery.net akadns.net akahost.net akam.net akamai.net akamaiedge.net
akamaihd.net akamaistream.net akamaized.net akaquill.net amazonaws.com amazonaws.com.cn apple-dns.net apple.com applvn.com
appspot.com atlassian.net aws.dev awsdns.com awsglobalaccelerator.com azure-api.net azure-automation.net azure-devices.net
azure-dns.com azure.com azureedge.net azurefd.net azurewebsites.net b-cdn.net bamgrid.com bing.com bunnycdn.com cdn77.net cdn77.org
cdngslb.com cdninstagram.com cdnvideo.ru cedexis.net chinacache.net chinanetcenter.com cloudapp.net cloudflare.com cloudflare.net
cloudflaressl.com cloudfront.net ctldl.windowsupdate.com dropbox-dns.com edgecastcdn.net edgekey.net edgesuite.net facebook.com
fastly.net fastlylb.net fbcdn.net footprint.net freshworks.com ggpht.com githubusercontent.com google.com googleapis.com
googledomains.com googlesyndication.com googleusercontent.com googlevideo.com gstatic.com gvt1.com gvt2.com gvt3.com herokuapp.com
herokudns.com hwcdn.net icloud-content.com icloud.com imperva.com impervadns.net incapdns.net ipfs.io iotcdn.com ksyuncdn.com
kunlunar.com kunluncan.com l-msedge.net llnwd.net lswcdn.net ltsedge.net lync.com microsoft.com microsoftonline.com
mktoresp.com msecnd.net msedge.net mwbsys.com myqcloud.com myshopify.com netdna-cdn.com netdna-ssl.com netflix.com netlify.app
nflxso.net nflxvideo.net oca.nflxvideo.net office.com office.net office365.com office365.us ondigitalocean.app oraclecloud.com
outlook.com ovscdns.com phicdn.net playfabapi.com pphosted.com qiniudns.com qlivecdn.com rackcdn.com rbxcdn.com rlcdn.com
rncdn3.com salesforce.com sharepoint.com sentry.io skype.com spotifycdn.com steamcontent.com steamserver.net tbcache.com
trafficmanager.net tiktokcdn.com tiktokv.com ttvnw.net twimg.com u-blox.com vercel.app vo.msecnd.net whatsapp.net
windows.com windows.net windowsupdate.com workers.dev wpengine.com x-msedge.net xboxlive.com ytimg.com zscaler.net
`;

/** Lookups of addresses, hashes and files by mail filters and virus scanners: data in names by design, asked of their maker. */
const reputation = `
abuse.ch abuseat.org abusix.zone avast.com avcdn.net avg.com avira.com barracudacentral.org bitdefender.net bl.spamcop.net cbl.abuseat.org
cloudmark.com cymru.com dnswl.org e5.sk eset.com esetsoftware.com f-secure.com fortiguard.net fortinet.net fuzzy.rspamd.com
gbudb.net habeas.com hostkarma.junkemailfilter.com iadb.isipp.com imrss.org invaluement.com ix.dnsbl.manitu.net junkemailfilter.com
kaspersky-labs.com kaspersky.com mailspike.net mailspike.org malwarebytes.com manitu.net mcafee.com msrbl.net njabl.org nszones.com
opendns.com psbl.org razor2.cloudmark.com rbl.jp rfc-clueless.org rspamd.com s5h.net sbl-xbl.org senderbase.org senderscore.com
solidcounter.com sophosxl.com sophosxl.net sorbs.net spameatingmonkey.net spamcop.net spamhaus.net spamhaus.org spamrats.com
support-intelligence.net surbl.org surriel.com symantec.com trendmicro.com trustpid.com uceprotect.net unsubscore.com uribl.com
webroot.com wpbl.info
`;

/** Not names of the public DNS: local, reversed or reserved (RFC 6761, 6762, 7686, 8375, ICANN's .internal) and widespread private habits. */
const local = new Set(
  'arpa local localhost localdomain lan home homenet internal intranet corp private domain workgroup test invalid example onion alt box'.split(
    ' ',
  ),
);

/** Sold below a registered name like a top-level domain (CentralNic and others): a label under it is a registration. */
const soldBelow = `
ae.org br.com cn.com co.com co.de co.nl com.de com.se de.com eu.com gb.com gb.net gr.com hu.com hu.net in.net jp.net jpn.com kr.com
mex.com msk.ru no.com nov.ru pp.ru qc.com ru.com sa.com se.com se.net spb.ru uk.com uk.net us.com us.org uy.com za.bz za.com
`;

const words = (text: string) => new Set(text.trim().split(/\s+/));
const suffixes = {
  dynamic: words(dynamicProviders),
  infrastructure: words(infrastructure),
  reputation: words(reputation),
  sold: words(soldBelow),
};
export type SuffixKind = keyof typeof suffixes;

/** The longest suffix of this kind that the name lies under, or undefined: "a.b.ddns.net" → "ddns.net"; "ddns.net" itself → undefined. */
export function suffixOf(kind: SuffixKind, name: string): string | undefined {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const suffix = name.slice(dot + 1);
    if (suffixes[kind].has(suffix)) return suffix;
  }
  return undefined;
}

/** Whether the name ends in a domain that the public DNS does not have: it says nothing about registrations. */
export function isLocalName(name: string): boolean {
  return local.has(name.slice(name.lastIndexOf('.') + 1));
}
