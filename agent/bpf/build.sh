#!/bin/sh
# Compiles foretop.bpf.o from foretop.bpf.c, to the file given or in place. The same bytes in any folder and on any machine.
# -mcpu=v2: with registers of 32 bits some numbers would be spilled as such, whose bounds verifiers before Linux 5.16 forget, and which
# without CAP_PERFMON may not take the place of a spilled pointer.
# Needs Debian's packages clang, libbpf-dev and linux-libc-dev; compiler.txt names the version that made the committed object.
set -eu
cd "$(dirname "$0")"
out=${1:-foretop.bpf.o}
case $out in /*) ;; *) out=$OLDPWD/$out ;; esac
[ $# -gt 0 ] || out=$PWD/foretop.bpf.o
exec "${CLANG:-clang}" -O2 -target bpfel -mcpu=v2 -g0 -fno-ident -fno-addrsig -Wall -Wextra -Werror \
  -Wno-unused-function -I"/usr/include/$(uname -m)-linux-gnu" -c foretop.bpf.c -o "$out"
