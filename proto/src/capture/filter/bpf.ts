// Classic BPF for those who write programs of their own, importable by itself as `@foretop/proto/bpf`.
export { Assembler, type Label, next } from './assembler.ts';
export {
  ALU,
  ancillary,
  type Instruction,
  JUMP_IF,
  LD,
  LD_MEMORY,
  LD_X,
  LDX_HEADER,
  LDX_NUMBER,
  RETURN,
  STORE,
  TAX,
  WITH_X,
} from './instructions.ts';
