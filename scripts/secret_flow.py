"""What valgrind cannot see: the AVX-512 kernels, read as machine code (``objdump``), for jumps and addresses that lanes
could decide.

Secrets live in vector and mask registers. A general register is *clean* when it holds an argument (an address, a size),
a constant, or what moves and integer arithmetic make of clean ones, a constant table or a spilled clean register read
back among them. Anything else is not: what came from a vector or mask register, from memory, from a call. The state
flows along the jumps of each listed function until it no longer changes, and then

1. a conditional jump must depend on clean registers only: loop counters;
2. the base and the index of every address must be clean; gather instructions are not allowed at all.

What a lambda has captured lies in memory: there an integer of 32 or 64 bits behind a clean address is clean too,
because captures are addresses and sizes, and digits are bytes. ``power`` is not listed: it reads its public exponent
from memory, and jumps on it. A listed function that is nowhere in the objects is an error, so that a renamed one does
not go unread.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

LISTED = (
    "F::mul",
    "F::square",
    "Fp2<F>::mul",
    "Fp2<F>::square",
    "Fp2<F>::product",
    "Fp6<F>::mul",
    "Fp12<F>::mul",
    "Fp12<F>::square",
    "Fp12<F>::cyclotomic_square",
    "Fp12<F>::mul_014",
    "Fp12<F>::mul_01_vw",
    "Point<G1Curve<F>>::add",
    "Point<G1Curve<F>>::add_affine",
    "Point<G1Curve<F>>::twice",
    "Point<G2Curve<F>>::add",
    "Point<G2Curve<F>>::add_affine",
    "Point<G2Curve<F>>::twice",
    "Multiples<G1Curve<F>>::pick",
    "Multiples<G2Curve<F>>::pick",
    "multiply<G1Curve<F>>",
    "multiply<G2Curve<F>>",
    "map_to_curve<G1Curve<F>>",
    "map_to_curve<G2Curve<F>>",
    "double_step<F>",
    "add_step<F>",
    "hard_part<F>",
    "PowersOfBase<F>::pick",
    "PowersOfBase<F>::pick{lambda}",
    "exponentiate<F>",
    "FixedBaseOf<G1Curve<F>>::multiply{lambda}",
    "FixedBaseOf<G2Curve<F>>::multiply{lambda}",
    "BaseTablesOf<G1Curve<F>>::sum",
    "BaseTablesOf<G2Curve<F>>::sum",
    "BaseTablesOf<G2Curve<F>>::sum{lambda}",
    "ChaCha20<Sixteen>::run",
    "candidates",
    "LaneForward<Avx512, 4>::pass<3, 1, 1024ul>",
    "LaneForward<Avx512, 4>::pass<4, 4, 64ul>",
    "LaneForward<Avx512, 4>::last",
    "LaneForward<Avx512, 8>::pass<3, 1, 1024ul>",
    "LaneForward<Avx512, 8>::pass<4, 8, 64ul>",
    "LaneForward<Avx512, 8>::last",
    "LaneForward<Avx512, 32>::pass<3, 1, 1024ul>",
    "LaneForward<Avx512, 32>::pass<4, 1, 64ul>",
    "LaneForward<Avx512, 32>::last",
    "LaneInverse<Avx512>::start",
    "LaneInverse<Avx512>::pass<4, false, 64ul>",
    "LaneInverse<Avx512>::pass<3, true, 1024ul>",
    "LaneWords<Avx512>::add",
    "LaneWords<Avx512>::sub",
    "LaneWords<Avx512>::mul",
    "LaneWords<Avx512>::mul_add",
    "LaneWords<Avx512>::scale",
    "LaneWords<Avx512>::scale_add",
    "LaneWords<Avx512>::from_signed",
    "common_sum<Fe>{lambda}",
    "fixed_base<Fe>{lambda}",
    "variable_base<Fe>{lambda}",
)

_LONG = "rax rbx rcx rdx rsi rdi rbp rsp".split() + [f"r{i}" for i in range(8, 16)]
REGISTERS = {name: name for name in _LONG}
for _name in "ax bx cx dx".split():
    REGISTERS |= dict.fromkeys([f"e{_name}", _name, f"{_name[0]}l", f"{_name[0]}h"], f"r{_name}")
for _name in "si di bp sp".split():
    REGISTERS |= dict.fromkeys([f"e{_name}", _name, f"{_name}l"], f"r{_name}")
for _name in _LONG[8:]:
    REGISTERS |= dict.fromkeys([f"{_name}{size}" for size in "dwb"], _name)
LOST_IN_CALLS = frozenset("rax rcx rdx rsi rdi r8 r9 r10 r11".split())
NARROW = re.compile(r"(?:mov[zs][bw].*|(?:cmp|test|mov|add|sub|and|or|xor|inc|dec|not|neg|sh[lr]|sar)[bw])$")
ONLY_FLAGS = ("cmp", "test", "bt")
WIDTHS = {"%z": 64, "%y": 32, "%x": 16}
"""Bytes that a store of a vector register writes; of a mask register at most 8."""
OVERWRITES = ("mov", "lea", "set", "tzcnt", "lzcnt", "popcnt", "bsf", "bsr", "rorx", "sarx", "shlx", "shrx", "andn")


class Instruction(NamedTuple):
    """One line of the listing; ``target`` where a jump goes, None outside the function."""

    mnemonic: str
    operands: tuple[str, ...]
    target: int | None


class State(NamedTuple):
    """What is clean: registers (and "flags"), spill slots as (register, offset), and whatever else was captured?"""

    clean: frozenset[str]
    slots: frozenset[tuple[str, int]] = frozenset()
    captures: bool = False


class Leak(NamedTuple):
    """A jump or an address that a lane may decide."""

    function: str
    what: str


def check(objects: Iterable[Path], listed: Iterable[str] = LISTED) -> tuple[list[Leak], list[str]]:
    """What is wrong in the listed functions, and which of them are in no object."""
    paths = list(objects)
    leaks, gone = _read(paths, listed)
    # A lambda that the compiler put into its function is read there.
    leaks_around, missing = _read(paths, [name.removesuffix("{lambda}") for name in gone if name.endswith("{lambda}")])
    return leaks + leaks_around, [
        name for name in gone if not name.endswith("{lambda}") or name.removesuffix("{lambda}") in missing
    ]


def _read(paths: Iterable[Path], listed: Iterable[str]) -> tuple[list[Leak], list[str]]:
    """The leaks of the listed functions, and those that are in no object."""
    wanted, found, leaks = list(listed), set[str](), list[Leak]()
    for path in paths if wanted else ():
        for function, body in functions(path):
            for name in wanted:
                if matches(name, function):
                    found.add(name)
                    leaks += [Leak(name, what) for what in leaks_of(body, captures=name.endswith("{lambda}"))]
    return leaks, [name for name in wanted if name not in found]


def matches(name: str, function: str) -> bool:
    """Is this the short name of the listed function, or of a lambda in it?"""
    plain = name.removesuffix("{lambda}")
    begins = re.match(rf"(?:[^(&]*[ :])?{re.escape(plain)}\(", function) is not None
    return begins and ("{lambda" in function) == (plain != name)


def functions(path: Path) -> Iterator[tuple[str, dict[int, Instruction]]]:
    """Short name -> instructions by address, from one object."""
    command = ["objdump", "-dr", "-C", "--no-show-raw-insn", str(path)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    name, body = "", dict[int, Instruction]()
    last = 0
    for line in text.splitlines():
        if symbol := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            if body:
                yield name, body
            name, body = short(symbol[1]), {}
        elif re.match(r"\s+[0-9a-f]+: R_X86_64_", line):
            body[last] = body[last]._replace(target=None)  # a call or a jump out of the function
        elif found := re.match(r"\s+([0-9a-f]+):\s+(?:(?:rep|lock|notrack|bnd|data16|cs) )*(\S+)\s*(.*)", line):
            last = int(found[1], 16)
            body[last] = parsed(found[2], found[3].split("#")[0])
    if body:
        yield name, body


def short(function: str) -> str:
    """Without namespaces, the element type as F: Fp2<F>::mul(Fp2<F> const&, Fp2<F> const&)"""
    function = re.sub(r"pyfe::field::bls12_381::FpLanes<pyfe::field::ifma::Avx512>", "F", function)
    function = re.sub(r"pyfe::field::FeLanes<pyfe::field::ifma::Avx512>", "Fe", function)
    function = re.sub(r"pyfe::(?:random|ring)::(?:ifma::)?", "", function)
    function = re.sub(r"pyfe::(?:field::|group::|pairing::|dlog::)?(?:bls12_381::|ristretto255::)?", "", function)
    while (joined := re.sub(r"(?<=[>Fe]) >", ">", function)) != function:
        function = joined
    return function


def parsed(mnemonic: str, text: str) -> Instruction:
    """AT&T order: sources first."""
    if mnemonic.startswith("j"):
        target = re.match(r"([0-9a-f]+) <", text)
        return Instruction(mnemonic, (), int(target[1], 16) if target else None)
    operands = tuple(part.strip() for part in re.split(r",(?![^(]*\))", text)) if text.strip() else ()
    return Instruction(mnemonic, operands, None)


def leaks_of(body: dict[int, Instruction], *, captures: bool = False) -> list[str]:
    """The findings of one function, once the states before its instructions are known."""
    addresses = sorted(body)
    following = dict(pairwise(addresses))
    before = {addresses[0]: State(frozenset(_LONG), captures=captures)}
    waiting = [addresses[0]]
    while waiting:
        at = waiting.pop()
        here = body[at]
        after = step(here, before[at])
        for to in successors(here, following.get(at), body):
            joined = after
            if to in before:
                joined = after._replace(clean=before[to].clean & after.clean, slots=before[to].slots & after.slots)
            if before.get(to) != joined:
                before[to] = joined
                waiting.append(to)
    return [f"{what} at {at:x}" for at, state in sorted(before.items()) if (what := wrong(body[at], state)) is not None]


def successors(here: Instruction, following: int | None, body: dict[int, Instruction]) -> list[int]:
    """Where control goes next inside the function."""
    if here.mnemonic.startswith("ret") or here.mnemonic in ("ud2", "hlt"):
        return []
    out = [here.target] if here.target is not None and here.target in body else []
    return out if here.mnemonic == "jmp" or following is None else [*out, following]


def wrong(here: Instruction, state: State) -> str | None:
    """The broken rule, if any."""
    text = f"{here.mnemonic} {', '.join(here.operands)}".strip()
    if "gather" in here.mnemonic or "scatter" in here.mnemonic:
        return f"gather: {text}"
    if here.mnemonic.startswith("j"):
        if here.mnemonic != "jmp":
            return None if "flags" in state.clean else f"jump: {text}"
        return f"jump: {text}" if here.operands else None
    if here.mnemonic.startswith(("nop", "lea")):
        return None
    used = [name for operand in here.operands for name in address_of(operand)]
    return None if set(used) <= state.clean else f"address: {text}"


def address_of(operand: str) -> list[str]:
    """The general registers of a memory operand; a vector as an index is its own name, which is never clean."""
    inside = re.search(r"\(([^)]*)\)", operand)
    names = re.findall(r"%(\w+)", inside[1]) if inside else []
    return [REGISTERS.get(name, name) for name in names if name != "rip"]


def register(operand: str) -> str | None:
    """The general register that an operand is."""
    return REGISTERS.get(operand[1:]) if operand.startswith("%") else None


def slot(operand: str) -> tuple[str, int] | None:
    """A place in the frame: (register, offset)."""
    found = re.fullmatch(r"(-?0x[0-9a-f]+|)\(%(rsp|rbp)\)", operand)
    return (found[2], int(found[1] or "0", 16)) if found else None


def is_clean(operand: str, state: State) -> bool:
    """May a jump or an address depend on it?"""
    if operand.startswith("$"):
        return True
    if operand.startswith("%"):
        return register(operand) in state.clean
    if (place := slot(operand)) is not None:
        return place in state.slots
    return "(%rip)" in operand or (state.captures and set(address_of(operand)) <= state.clean)


def step(here: Instruction, state: State) -> State:
    """The state after an instruction."""
    mnemonic, operands = here.mnemonic, here.operands
    if mnemonic.startswith("call"):
        kept = frozenset(one for one in state.clean - LOST_IN_CALLS if not one.startswith("vector"))
        return state._replace(clean=kept - {"flags"})
    if mnemonic.startswith(("v", "k")):
        return _vector(here, state)
    if any("%es:" in one for one in operands):  # filling and copying of arrays: flags and spills stay as they are
        return state
    if NARROW.match(mnemonic) or any(re.fullmatch(r"%(\w[lh]|\w{2}l|r\d+[wb]|[a-ds][xip])", one) for one in operands):
        return _general(here, state._replace(captures=False))._replace(captures=state.captures)
    return _general(here, state)


def _general(here: Instruction, state: State) -> State:
    """What an integer instruction writes."""
    mnemonic, operands = here.mnemonic, here.operands
    if mnemonic.startswith(("j", "nop", "ret", "push", "cltq", "cqto")) or not operands:
        return state._replace(slots=frozenset()) if mnemonic.startswith("push") else state
    if mnemonic.startswith("pop") and not mnemonic.startswith("popcnt"):
        return state._replace(clean=state.clean | {register(operands[-1]) or "flags"}, slots=frozenset())
    *sources, target = operands
    if mnemonic.startswith("lea"):
        fine = set(address_of(operands[0])) <= state.clean
    elif mnemonic.startswith(("set", "cmov")):
        fine = "flags" in state.clean and all(is_clean(one, state) for one in operands[mnemonic.startswith("set") :])
    elif mnemonic.startswith(("xor", "sub")) and len(operands) == 2 and operands[0] == operands[1]:
        fine = True
    elif mnemonic.startswith(OVERWRITES):
        fine = all(is_clean(one, state) for one in sources)
    else:
        fine = all(is_clean(one, state) for one in operands)
    clean = state.clean
    if not mnemonic.startswith(("mov", "lea", "set", "cmov", "not")):
        clean = clean | {"flags"} if fine else clean - {"flags"}
    return state._replace(clean=clean) if mnemonic.startswith(ONLY_FLAGS) else _written(state, clean, target, fine)


def _written(state: State, clean: frozenset[str], target: str, fine: bool) -> State:
    place, name = slot(target), register(target)
    slots = state.slots
    clean = clean - {vector(target) or ""}
    if name == "rsp":
        return state._replace(clean=clean, slots=frozenset())
    if name is not None:
        clean = clean | {name} if fine else clean - {name}
        slots = frozenset(one for one in slots if one[0] != name)
    elif place is not None:
        slots = slots | {place} if fine else slots - {place}
    return state._replace(clean=clean, slots=slots)


def _vector(here: Instruction, state: State) -> State:
    """What a vector or mask instruction writes into the general registers, the frame, the flags, and constants."""
    clean, slots = state.clean, state.slots
    if re.match(r"v?(?:u?comis|ptest)|vtest|kortest|ktest", here.mnemonic):
        return state._replace(clean=clean - {"flags"})
    if here.mnemonic.startswith(("vzeroupper", "vzeroall")):
        return state._replace(clean=frozenset(one for one in clean if not one.startswith("vector")))
    if not here.operands:
        return state
    target = re.sub(r"\{.*\}", "", here.operands[-1])
    place, name = slot(target), register(target)
    if name is not None:
        fine = re.match(r"v(?:mov[dq]|pextr[dq])$", here.mnemonic) is not None and _constant(here, clean)
        clean = clean | {name} if fine else clean - {name}
        slots = frozenset(one for one in slots if one[0] != name)
    elif place is not None:
        wide = WIDTHS.get(here.operands[-2][:2], 8)
        slots = frozenset(one for one in slots if one[0] != place[0] or not _meet(one[1], place[1], wide))
    elif (own := vector(target)) is not None:
        clean = clean | {own} if _constant(here, clean) else clean - {own}
    return state._replace(clean=clean, slots=slots)


def _meet(slot: int, start: int, wide: int) -> bool:
    """Whether a store from ``start`` on changes a slot: of eight bytes, or of four where eight would not be aligned."""
    return slot < start + wide and start < slot + (8 if slot % 8 == 0 else 4)


def vector(operand: str) -> str | None:
    """The vector register that an operand is, whatever its width."""
    found = re.fullmatch(r"%[xyz]mm(\d+)", operand)
    return f"vector{found[1]}" if found else None


def _constant(here: Instruction, clean: frozenset[str]) -> bool:
    """Whether a vector instruction makes something of nothing but constants and clean vectors, under no mask."""
    *sources, target = here.operands
    if "{" in target:
        return False
    if here.mnemonic.startswith(("vpxor", "vpternlog")) and len(set(here.operands[-3:])) == 1:
        return here.mnemonic.startswith("vpxor") or sources[0] in ("$0xff", "$0x0")
    if re.match(r"v(?:mov|pbroadcast|padd|psub|pextr)[a-z]*\d*$", here.mnemonic) is None:
        return False
    return all("(%rip)" in one or one.startswith("$") or vector(one) in clean for one in sources)
