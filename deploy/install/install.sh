#!/bin/sh
# Installs the Foretop agent as a service of this host: fetches the program from a collector, checks it, and lets it install itself.
# Everything stands in functions that the last line calls, so that half a download does nothing.
set -eu

# Filled in by the build of the release, and by the collector that serves this.
release_key='@RELEASE_KEY@'
fingerprint='@FINGERPRINT@'
collector='@COLLECTOR@'

usage() {
  cat <<'TEXT'
curl -fsSL https://COLLECTOR/install.sh | sudo sh -s -- --token-file FILE [options]

  --token-file FILE    the enrolment token; needed unless this host is enrolled
  --collector URL      another address of the collector than the one this script came from
  --ca FILE            certificate authority (PEM) that vouches for the collector, if the host's own do not
  --ceiling LEVEL      the most that this host ever allows (observe, probe, capture-headers, capture-payload, terminate)
  --signer KIND        the weakest signature that this host takes (browser, passkey, approve)
  --label KEY=VALUE    a label by which operators may be given this host; may be given again
  --tier NUMBER        the highest tier that capabilities are given for: 1, 2 or 3
  --other-namespaces   CAP_SYS_ADMIN too: look into the networks of containers without eBPF
  --name TEXT          shown instead of the host's name
  --release-key FILE   trust this public key (PEM), which you have from elsewhere, rather than the one in this script
  --allow-unverified   go on although the signature cannot be checked here
  --dry-run            check everything, and only say what would be installed
TEXT
}

say() { printf '%s\n' "$*"; }

fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

value_of() {
  [ "$2" -ge 2 ] || {
    printf 'install.sh: %s needs a value.\n' "$1" >&2
    exit 2
  }
}

read_options() {
  token_file='' authority='' ceiling='' signer='' labels='' tier='' name='' key_file='' other_namespaces='' allow_unverified='' dry_run=''
  while [ $# -gt 0 ]; do
    case $1 in
    --token-file) value_of "$1" $# && token_file=$2 && shift ;;
    --collector) value_of "$1" $# && collector=$2 && shift ;;
    --ca) value_of "$1" $# && authority=$2 && shift ;;
    --ceiling) value_of "$1" $# && ceiling=$2 && shift ;;
    --signer) value_of "$1" $# && signer=$2 && shift ;;
    --label) value_of "$1" $# && labels="$labels$2
" && shift ;;
    --tier) value_of "$1" $# && tier=$2 && shift ;;
    --name) value_of "$1" $# && name=$2 && shift ;;
    --release-key) value_of "$1" $# && key_file=$2 && shift ;;
    --other-namespaces) other_namespaces=yes ;;
    --allow-unverified) allow_unverified=yes ;;
    --dry-run) dry_run=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      printf 'install.sh: there is no option %s.\n' "$1" >&2
      usage >&2
      exit 2
      ;;
    esac
    shift
  done
  collector=${collector%/}
}

# Everything that can be refused before anything is fetched.
check_host() {
  case $collector in
  https://?*) protocols='=https' ;;
  http://localhost | http://localhost[:/]* | http://127.0.0.1 | http://127.0.0.1[:/]* | http://\[::1\] | http://\[::1\][:/]*) protocols='=http,https' ;;
  http://*) fail "'$collector' is plain http to another machine: whoever stands in between could put in another program. Use https." ;;
  *) fail "the collector's address is '$collector'; https://HOST is required." ;;
  esac
  [ -z "$token_file" ] || [ -r "$token_file" ] || fail "the token file '$token_file' cannot be read."
  [ "$token_file" != - ] || fail 'the token cannot come from stdin, which is this script. Put it into a file.'
  [ -z "$authority" ] || [ -r "$authority" ] || fail "the certificate authority '$authority' cannot be read."
  [ -z "$key_file" ] || [ -r "$key_file" ] || fail "the release key '$key_file' cannot be read."
  [ "$(uname -s)" = Linux ] || fail "this host runs $(uname -s); there is a service for Linux only."
  case $(uname -m) in
  x86_64 | amd64) arch=x64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) fail "there is no agent for the processor $(uname -m), only for x86_64 and aarch64." ;;
  esac
  [ "$(id -u)" -eq 0 ] || fail 'installing takes root: put sudo before sh.'
  [ -d /run/systemd/system ] || fail 'this host does not run systemd. Fetch the program by hand and run it under your own supervisor.'
  for program in curl gzip sha256sum mktemp; do
    has "$program" || fail "the command $program is missing."
  done
  [ ! -e /usr/bin/foretop-agent ] || fail 'a package has installed /usr/bin/foretop-agent: upgrade the package instead.'
}

explain() {
  say "Installing the Foretop agent from $collector"
  say '  This script, the program and the key that vouches for it come from one place: whoever controls the collector could have'
  say '  changed all three, and nothing in here can prove otherwise. For a proof, take the package (.deb) or the key from where'
  say '  the project publishes them, and compare the fingerprint of the key, or give the key with --release-key:'
  say "  $fingerprint"
}

fetch() {
  set -- --fail --silent --show-error --location --retry 3 --proto "$protocols" --proto-redir '=https' --output "$work/$1" "$collector/download/$1"
  [ -z "$authority" ] || set -- --cacert "$authority" "$@"
  curl "$@" || fail "fetching ${collector}/download failed. Does the collector have a release? Its own answer: curl $collector/download/SHA256SUMS"
}

# An agent that is installed has its key from then; otherwise openssl checks with the key in this script.
check_signature() {
  installed=/usr/local/bin/foretop-agent
  if [ -z "$key_file" ] && [ -x "$installed" ]; then
    "$installed" verify "$work/SHA256SUMS" "$work/SHA256SUMS.sig" ||
      fail 'the agent on this host does not trust this release. If that is right, remove it first: foretop-agent uninstall --keep-data'
    say '✓ Signed by the key that the agent on this host was built with'
    return
  fi
  if has openssl && openssl pkeyutl -help 2>&1 | grep -q rawin; then
    if [ -n "$key_file" ]; then cp "$key_file" "$work/key.pem"; else printf '%s\n' "$release_key" >"$work/key.pem"; fi
    openssl pkeyutl -verify -pubin -inkey "$work/key.pem" -rawin -in "$work/SHA256SUMS" -sigfile "$work/SHA256SUMS.sig" >"$work/openssl" 2>&1 ||
      fail "the signature of the release is wrong: $(tail -n 1 "$work/openssl")"
    if [ -n "$key_file" ]; then say "✓ Signed by the key of $key_file"; else say '✓ Signed by the key in this script'; fi
    return
  fi
  [ -n "$allow_unverified" ] ||
    fail 'the signature cannot be checked: openssl 3 is missing. Install it, or go on without with --allow-unverified.'
  say '! The signature was NOT checked, as --allow-unverified says'
}

fetch_program() {
  archive=foretop-agent-linux-$arch.gz
  grep "^[0-9a-f]\{64\}  $archive\$" "$work/SHA256SUMS" >"$work/sum" || fail "the release has no program for $arch."
  say "  Fetching $archive"
  fetch "$archive"
  (cd "$work" && sha256sum -c sum >/dev/null 2>&1) || fail "$archive is not what the release says it is."
  say '✓ The program is the one that the release names'
  gzip -dc "$work/$archive" >"$work/foretop-agent"
  rm "$work/$archive"
  chmod 0755 "$work/foretop-agent"
  version=$("$work/foretop-agent" --version 2>"$work/errors") || explain_start
  say "✓ It runs here: version $version"
}

explain_start() {
  library=$(sed -n 's/.*shared libraries: \([^:]*\):.*/\1/p' "$work/errors")
  [ -z "$library" ] || fail "the program needs $library, which this host does not have. On Debian and Ubuntu: apt-get install libatomic1 libstdc++6"
  fail "the program does not run here: $(cat "$work/errors") If $work does not allow it (noexec), choose another folder with TMPDIR=FOLDER."
}

main() {
  read_options "$@"
  check_host
  explain
  umask 077
  work=$(mktemp -d "${TMPDIR:-/tmp}/foretop-install.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' HUP INT TERM
  fetch SHA256SUMS
  fetch SHA256SUMS.sig
  check_signature
  fetch_program
  set -- --collector "$collector"
  [ -z "$token_file" ] || set -- "$@" --token-file "$token_file"
  [ -z "$authority" ] || set -- "$@" --ca "$authority"
  [ -z "$ceiling" ] || set -- "$@" --ceiling "$ceiling"
  [ -z "$signer" ] || set -- "$@" --signer "$signer"
  while IFS= read -r label; do
    [ -z "$label" ] || set -- "$@" --label "$label"
  done <<LABELS
$labels
LABELS
  [ -z "$tier" ] || set -- "$@" --tier "$tier"
  [ -z "$name" ] || set -- "$@" --name "$name"
  [ -z "$other_namespaces" ] || set -- "$@" --other-namespaces
  [ -z "$dry_run" ] || set -- "$@" --dry-run
  "$work/foretop-agent" install "$@" </dev/null
}

# In braces: a line that was cut short is a syntax error, and runs nothing.
{ main "$@"; }
