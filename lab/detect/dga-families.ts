// Names in the manner of known malware families: alphabet, lengths, structure and suffixes as analysts published them (write-ups of each
// family; see docs/detection.md), and families that never existed. The arithmetic of the seeds is of no use to a classifier: it is not here.
import { repeated, type Random } from './random.ts';

export interface Family {
  name: string;
  suffixes: readonly string[];
  label: (random: Random) => string;
}

const az = 'abcdefghijklmnopqrstuvwxyz';
const ay = az.slice(0, 25);
const base36 = `${az}0123456789`;
const hex = '0123456789abcdef';
const consonants = 'bcdfghjklmnpqrstvwxz';
const vowels = 'aeiouy';

type Make = Family['label'];
/** So many letters of an alphabet, each as likely as the others. */
const uniform =
  (alphabet: string, from: number, to: number = from): Make =>
  (random) =>
    repeated(random.whole(from, to), () => random.letter(alphabet));
/** c = consonant, v = vowel, d = digit, other letters as they are; the pattern again and again to the length. */
const patterned =
  (patterns: readonly string[], from: number, to: number, c = consonants, v = vowels): Make =>
  (random) => {
    const pattern = random.pick(patterns);
    const length = random.whole(from, to);
    let text = '';
    for (let index = 0; index < length; index += 1) {
      const place = pattern.charAt(index % pattern.length);
      text += place === 'c' ? random.letter(c) : place === 'v' ? random.letter(v) : random.letter('0123456789');
    }
    return text;
  };
/** Syllables out of parts, as pronounceable generators join them. */
const syllables =
  (heads: readonly string[], tails: readonly string[], from: number, to: number): Make =>
  (random) =>
    repeated(random.whole(from, to), () => random.pick(heads) + random.pick(tails));

const heads =
  'b c d f g h j k l m n p r s t v w z br cr dr fr gr pr tr bl cl fl gl pl sl st sk sp sm sn ch sh th ph qu wh'.split(
    ' ',
  );
const tails =
  'a e i o u ai au ea ee ei ia ie io oa oo ou ua ui an en in on un ar er ir or ur al el il ol as es is os'.split(' ');
const common = ['com', 'net', 'org', 'info', 'biz', 'ru'];

/** The third version of the worm asks below 116 suffixes (SRI, 2009). */
const confickerC =
  'ac ae ag am as at be bo bz ca cd ch cl cn co.cr co.id co.il co.ke co.kr co.nz co.ug co.uk co.vi co.za com.ag com.ai com.ar com.bo com.br com.bs com.co com.do com.fj com.gh com.gl com.gt com.hn com.jm com.ki com.lc com.mt com.mx com.ng com.ni com.pa com.pe com.pr com.pt com.py com.sv com.tr com.tt com.tw com.ua com.uy com.ve cx cz dj dk dm ec es fm fr gd gr gs gy hk hn ht hu ie im in ir is kn kz la lc li lu lv ly md me mn ms mu mw my nf nl no pe pk pl ps ro ru sc sg sh sk su tc tj tl tn to tw us vc vn';

const plain: readonly (readonly [string, string, Make])[] = [
  ['cryptolocker', 'com net biz ru org co.uk info', uniform(ay, 12, 15)],
  [
    'conficker',
    'com net org info biz ws cn cc tw cl co.nz com.mx nl pl ly hn bo mt jm dk be at ch',
    uniform(az, 4, 11),
  ],
  [
    'kraken',
    'com net tv cc dyndns.org yi.org mooo.com dynserv.com',
    patterned(['cvccvc', 'ccvcvc', 'vccvcc', 'ccccvc'], 6, 12),
  ],
  ['ramnit', 'com eu bid', uniform(ay, 8, 19)],
  [
    'necurs',
    'com net org biz tv cc so ru su in jp de ug ir xxx tw me mu kz la tj pw to eu sh sx nf ki cm ac mn im',
    uniform(ay, 7, 21),
  ],
  ['tinba', 'com net biz in ru pw xyz cc space', uniform(ay, 12)],
  ['ranbyus', 'in me cc su tw net com pw org', uniform(ay, 14, 17)],
  ['murofet', 'com biz ru info net org', (random) => uniform(az, 11, 32)(random)],
  [
    'murofet-digits',
    'com biz ru info net org',
    (random) =>
      repeated(
        random.whole(9, 14),
        () => random.letter(az) + (random.next() < 0.4 ? String(random.whole(10, 69)) : random.letter(az)),
      ),
  ],
  ['fobber', 'net com', (random) => uniform(az, random.pick([10, 17]))(random)],
  ['emotet', 'eu', uniform(ay, 16)],
  ['dircrypt', 'com', uniform(az, 8, 20)],
  ['ramdo', 'org', uniform('acegikmoqsuwy', 16)],
  ['padcrypt', 'com de co.uk eu online cc website press tk info org net ga ml', uniform('abcdefklmno', 16)],
  ['qadars', 'com org net top', uniform(base36, 12)],
  ['corebot', 'ddns.net', uniform('abcdefghijklmnopqrstuvwxy12345678', 14, 23)],
  ['rovnix', 'com net ru biz cn', uniform(base36, 18)],
  ['pykspa', 'com net org info biz cc', patterned(['cvvcvc', 'vvccvc', 'ccvvcv', 'cvcc', 'vcvvcc'], 6, 15)],
  ['simda', 'com eu info net su', patterned(['cv'], 5, 11)],
  ['vawtrak', 'com top net', syllables('b c d f g h k l m n p r s t w v'.split(' '), tails, 3, 4)],
  ['symmi', 'ddns.net', patterned(['cvcv', 'vcvc', 'cvvc', 'vvcv'], 8, 15)],
  ['pushdo', 'ru kz com', patterned(['cvccvc', 'cvcv', 'cvcvcc'], 8, 12)],
  ['nymaim', 'com net org info biz ru in pw xyz', uniform(az, 5, 12)],
  ['bamital', 'co.cc cz.cc info org', uniform(hex, 32)],
  ['dyre', 'cc ws to in hk cn tk so', (random) => random.letter(az) + uniform(hex, 33)(random)],
  ['gameover', 'com net org biz', uniform(base36, 20, 28)],
  ['new-gameover', 'com net org biz', uniform(base36, 13, 27)],
  ['locky', 'ru info biz click su work pl org pw xyz us it be uk de tf yt pm', uniform(ay, 5, 17)],
  [
    'banjori',
    'com',
    (random) =>
      repeated(4, () => random.letter(az)) +
      random.pick(['stnessbiophysicalohax', 'rasildeafeninguvuc', 'fordlinnetavox', 'satformalisticirekb']),
  ],
  ['virut', 'com', uniform(az, 6)],
  ['bedep', 'com', uniform(az + '0123456789', 12, 18)],
  ['chinad', 'com org net biz info ru cn', uniform(base36, 16)],
  ['proslikefan', 'eu biz se info com net org ru in name', uniform(az, 6, 12)],
  ['tempedreve', 'com net info org', uniform(az, 7, 11)],
  ['shifu', 'info net', uniform(ay, 7)],
  [
    'sisron',
    'com org net info',
    (random) =>
      Buffer.from(`${random.whole(10, 28)}0${random.whole(1, 9)}20${random.whole(10, 30)}`)
        .toString('base64')
        .toLowerCase()
        .replaceAll('=', 'a'),
  ],
  ['urlzone', 'com net', uniform('abcdefghijklmnopqrstuvwxyz123456789', 9, 15)],
  ['sphinx', 'com', uniform(az, 16)],
  ['torpig', 'com net biz', uniform(az, 7, 9)],
  ['gspy', 'net', uniform(hex, 16)],
  ['hesperbot', 'com', uniform(az, 8, 24)],
  ['infy', 'space net top com', uniform(hex, 8)],
  ['mirai', 'online tech support', uniform(ay, 12)],
  ['mydoom', 'com biz us net org ws info in', uniform('aehmnpqrsw', 10)],
  ['madmax', 'com org info net', uniform(base36, 10)],
  ['xshellghost', 'com', uniform(az, 10, 16)],
  ['ccleaner', 'com', (random) => `ab${uniform(hex, 9, 13)(random)}`],
  ['wd', 'win pro review', uniform(hex, 32)],
  ['blackhole', 'ru', uniform(az, 16)],
  ['feodo', 'ru', uniform(az, 16)],
  ['omexo', 'net', uniform(hex, 32)],
  [
    'pitou',
    'com org biz net info mobi us name me',
    syllables('b c d f g h j k l m n p r s t v w x z'.split(' '), ['a', 'e', 'i', 'o', 'u', 'aa', 'ee'], 4, 5),
  ],
  ['qakbot', 'com net org info biz', uniform(az, 8, 25)],
  ['bumblebee', 'life', uniform(base36, 11)],
  ['m0yv', 'biz', uniform(az, 5, 9)],
  ['flubot', 'ru cn su com', uniform(ay, 15)],
  ['tinynuke', 'com net', uniform(hex, 32)],
  ['monerodownloader', 'org tickets blackfriday hosting feedback', uniform(hex, 13)],
  ['zloader', 'com', uniform(ay, 20)],
  [
    'tofsee',
    'biz ch',
    (random) => {
      const part = repeated(3, () => random.letter(az));
      return part + part + random.letter('abcdefghij');
    },
  ],
  ['bazar', 'bazar com', patterned(['vccv', 'cvvc', 'vcvc', 'cvcv'], 8, 8)],
  ['darkgate', 'com ru xyz', uniform(hex, 20)],
  ['ebury', 'info net biz', uniform(base36, 10, 13)],
  ['geodo', 'eu', uniform(ay, 16)],
  ['sharkbot', 'top xyz cc info com ru net live', uniform(hex, 16, 19)],
  ['vidro', 'com net dyndns.org', uniform(az, 7, 15)],
  ['redyms', 'com', patterned(['cvc', 'vcc'], 8, 12)],
  ['ud2', 'dyndns.org', patterned(['cv', 'vc'], 7, 12)],
  ['conficker-c', confickerC, uniform(az, 4, 9)],
];

/** The families of published analyses, of letters and digits. */
export const knownFamilies: readonly Family[] = plain.map(([name, suffixes, label]) => ({
  name,
  suffixes: suffixes.split(' '),
  label,
}));

/** Families that join words: each its own vocabulary, out of the words given. */
export function wordFamilies(words: readonly string[], random: Random): Family[] {
  const family = (
    name: string,
    suffixes: string,
    size: number,
    from: number,
    to: number,
    joint: string,
    [shortest, longest]: readonly [number, number],
  ): Family => {
    const fitting = words.filter((word) => word.length >= shortest && word.length <= longest);
    const vocabulary = Array.from({ length: size }, () => random.pick(fitting));
    const label: Make = (random) =>
      Array.from({ length: random.whole(from, to) }, () => random.pick(vocabulary)).join(joint);
    return { name, suffixes: suffixes.split(' '), label };
  };
  return [
    family('suppobox', 'net ru com', 380, 2, 2, '', [4, 11]),
    family('matsnu', 'com', 1000, 3, 5, '', [3, 9]),
    family('gozi', 'com net ru', 600, 2, 4, '', [2, 10]),
    family('nymaim-words', 'com net org in yt wtf hn sh top sc', 1200, 2, 2, random.pick(['', '-']), [4, 9]),
    family('rovnix-words', 'com net', 300, 3, 5, '', [2, 8]),
    family('bigviktor', 'com fun net work club site', 500, 3, 4, random.pick(['', '-']), [3, 8]),
    family('ngioweb', 'com net org info biz', 600, 2, 3, random.pick(['', '-']), [4, 10]),
    family('pizd', 'net', 384, 2, 2, '', [5, 10]),
  ];
}

const abused =
  'com net org info biz ru su cn cc ws tk pw top xyz in me eu de co.uk online site club space click work life live icu win bid tv to pl'.split(
    ' ',
  );

/** Suffixes of countries: some families strew their names over all of them. */
const countries =
  'ac ad ae af ag ai al am ao ar as at au aw az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cd cf cg ch ci ck cl cm cn co cr cu cv cx cy cz de dj dk dm do dz ec ee eg es et eu fi fj fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw'.split(
    ' ',
  );

/** Families that never existed: so that the classifier learns what they have in common, not who is who. */
export function inventedFamilies(count: number, words: readonly string[], random: Random): Family[] {
  return Array.from({ length: count }, (_, index): Family => {
    const suffixes =
      random.next() < 0.15
        ? Array.from({ length: random.whole(12, 60) }, () => random.pick(countries))
        : Array.from({ length: random.whole(1, 6) }, () => random.pick(random.next() < 0.6 ? common : abused));
    return { name: `invented-${index}`, suffixes, label: inventedLabel(words, random) };
  });
}

function inventedLabel(words: readonly string[], random: Random): Make {
  const from = random.whole(5, 20);
  const to = from + random.whole(0, 8);
  const style = random.next();
  if (style < 0.3) return uniform(az.slice(0, random.whole(20, 26)), from, to);
  if (style < 0.38) return uniform(`${az}${'0123456789'.slice(0, random.whole(3, 10))}`, from, to);
  if (style < 0.43) return uniform(hex, random.whole(8, 14), random.whole(14, 32));
  if (style < 0.5) {
    const alphabet = [...az].filter(() => random.next() < 0.5).join('') + random.letter(az);
    return uniform(alphabet, from, to);
  }
  if (style < 0.63) {
    const pattern = repeated(random.whole(2, 6), () => random.pick(['c', 'v', 'c']));
    const c = random.next() < 0.5 ? consonants : [...consonants].filter(() => random.next() < 0.75).join('') + 'k';
    return patterned(
      [pattern + (pattern.includes('v') ? '' : 'v')],
      Math.min(from, 9),
      Math.min(to, 15),
      c,
      random.pick(['aeiou', 'aeiouy', 'aeio']),
    );
  }
  if (style < 0.75) {
    const least = random.whole(2, 4);
    return syllables(
      heads.filter((head) => random.next() < 0.6 && (head.length === 1 || random.next() < 0.6)).concat('k'),
      tails.filter((tail) => random.next() < 0.5 && (tail.length === 1 || random.next() < 0.7)).concat('o'),
      least,
      least + random.whole(0, 2),
    );
  }
  const shortest = random.whole(2, 5);
  const fitting = words.filter((word) => word.length >= shortest && word.length <= shortest + 3 + (from % 6));
  const [first, second] = [0, 1].map(() =>
    Array.from({ length: random.whole(60, 1000) }, () => random.pick(fitting)),
  ) as [string[], string[]];
  const count = random.whole(2, 4);
  const joint = random.next() < 0.2 ? '-' : '';
  const tail = random.next() < 0.1;
  return (random) =>
    Array.from({ length: count }, (_, place) => random.pick(place === 0 ? first : second)).join(joint) +
    (tail ? random.whole(1, 99) : '');
}

export function generateNames(family: Family, count: number, random: Random): string[] {
  return Array.from({ length: count }, () => `${family.label(random)}.${random.pick(family.suffixes)}`);
}
